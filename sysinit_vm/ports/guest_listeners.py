"""What the host agent says of the guest's ports, and the guest of its listeners (Lima 2.2). Pure.

A `forwarding` event comes before the host agent listens and nothing follows when it cannot, but a line in its
log: what is really so is asked of the host.
"""

import re
from dataclasses import dataclass

from sysinit_vm.lima.events import address

Address = tuple[str, int]  # IP, port

# Every guest socket that takes connections or datagrams, with its process.
LISTENERS = ("sudo", "ss", "-Htulnp")
_FAILED = re.compile(r"failed to listen (?:tcp|udp): (\S+:\d+)")
_PROCESS = re.compile(r'\("((?:[^"\\]|\\.)*)",pid=\d+')


@dataclass(frozen=True)
class GuestListener:
    """A guest process that listens: ``proto`` tcp or udp, ``ip`` as ss shows it, ``process`` its name or empty."""

    proto: str
    ip: str
    port: int
    process: str


def listeners(shown: str) -> list[GuestListener]:
    """Return what the guest's ``LISTENERS`` printed, without ssh, which Lima never forwards."""
    found = []
    for line in shown.splitlines():
        words = line.split(maxsplit=6)
        if len(words) < 6 or not words[4].rpartition(":")[2].isdecimal():  # noqa: PLR2004
            continue
        (ip, port), process = address(words[4]), _PROCESS.search(line)
        found.append(GuestListener(words[0], ip, port, process[1] if process else ""))
    return [each for each in found if each.port != 22]  # noqa: PLR2004
