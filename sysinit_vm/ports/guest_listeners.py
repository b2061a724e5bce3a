"""What listens in the guest, from the output of ``ss`` there. Pure."""

import re
from dataclasses import dataclass

from sysinit_vm.lima.events import address

# Lists every guest socket that accepts connections or datagrams, with its process.
COMMAND = ("sudo", "ss", "-Htulnp")
_SSH, _HIGHEST = 22, 65535
_COLUMNS = 6
_PORT = re.compile(r":[0-9]{1,5}\Z")
_LONGEST = 60  # characters of a process's name; Linux allows 15
_PROCESS = re.compile(r'\("((?:[^"\\]|\\.)*)",pid=\d+')


@dataclass(frozen=True)
class GuestListener:
    """A guest process that listens: ``proto`` tcp or udp, ``ip`` as ss shows it, ``process`` its name or empty."""

    proto: str
    ip: str
    port: int
    process: str


def parse(output: str) -> list[GuestListener]:
    """Parse the output of ``COMMAND``; what is no listener is left out, and so is ssh, which Lima never forwards."""
    listeners = []
    for line in output.split("\n"):
        words = line.split(maxsplit=_COLUMNS)
        if len(words) < _COLUMNS or not _PORT.search(words[4]):
            continue
        (ip, port), process = address(words[4]), _PROCESS.search(line)
        listeners.append(GuestListener(words[0], ip, port, process[1][:_LONGEST] if process else ""))
    return [listener for listener in listeners if listener.port <= _HIGHEST and listener.port != _SSH]
