"""What listens in the guest, from the output of ``ss`` there. Pure."""

import re
from dataclasses import dataclass

from sysinit_vm.lima.events import address

# Lists every guest socket that accepts connections or datagrams, with its process.
COMMAND = ("sudo", "ss", "-Htulnp")
_SSH = 22
_COLUMNS = 6
_PROCESS = re.compile(r'\("((?:[^"\\]|\\.)*)",pid=\d+')


@dataclass(frozen=True)
class GuestListener:
    """A guest process that listens: ``proto`` tcp or udp, ``ip`` as ss shows it, ``process`` its name or empty."""

    proto: str
    ip: str
    port: int
    process: str


def parse(output: str) -> list[GuestListener]:
    """Parse the output of ``COMMAND``; ssh is left out, because Lima never forwards it."""
    listeners = []
    for line in output.splitlines():
        words = line.split(maxsplit=_COLUMNS)
        if len(words) < _COLUMNS or not words[4].rpartition(":")[2].isdecimal():
            continue
        (ip, port), process = address(words[4]), _PROCESS.search(line)
        listeners.append(GuestListener(words[0], ip, port, process[1] if process else ""))
    return [listener for listener in listeners if listener.port != _SSH]
