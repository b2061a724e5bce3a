"""What the host agent says of the guest's ports, and the guest of its listeners (Lima 2.2). Pure.

A `forwarding` event comes before the host agent listens and nothing follows when it cannot, but a line in its
log: what is really so is asked of the host.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from sysinit_vm.lima.limactl import message

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


def address(text: str) -> Address:
    """Return the IP and the port of ``127.0.0.1:3000`` or ``[::1]:3000``."""
    ip, _, port = text.rpartition(":")
    return ip.strip("[]"), int(port)


def forwarded(events: Iterable[str]) -> dict[tuple[str, int], Address]:
    """Return where each guest port is forwarded to, by protocol and guest port, as ``ha.stdout.log`` tells it.

    Forwards by socket, and lines that cannot be read, are left out.
    """
    found = dict[tuple[str, int], Address]()
    for line in events:
        try:
            event = json.loads(line)["status"]["portForward"]
            key = (str(event["protocol"]), address(event["guestAddr"])[1])
            host = address(event["hostAddr"])
        except (ValueError, KeyError, TypeError):
            continue
        if event.get("type") == "forwarding":
            found[key] = host
        elif event.get("type") == "stopping":
            found.pop(key, None)
    return found


def failed(log: Iterable[str]) -> list[Address]:
    """Return the host addresses that the host agent could not listen on, as ``ha.stderr.log`` tells it."""
    found = (_FAILED.match(message(line)[1]) for line in log if "failed to listen" in line)  # a log of weeks is long
    return list(dict.fromkeys(address(match[1]) for match in found if match))


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
