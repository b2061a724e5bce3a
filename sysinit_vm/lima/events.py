"""What the host agent reports of its VM: whether it is ready, and where it forwards the guest's ports (Lima 2.2).

The host agent sends a `forwarding` event before it listens. If it then cannot listen, no event follows, only a line in
its log, so the host is asked what is really open.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.messages import message

Address = tuple[str, int]  # IP, port

_SSH_REACHED = re.compile(r"The essential requirement 1 of \d+ is satisfied\Z")
_FAILED = re.compile(r"failed to listen (?:tcp|udp): (\S+:\d{1,5})(?!\d)")


def host_agent_ready(instance: Instance) -> bool | None:
    """Return what the host agent last said: True ready, False degraded or exiting, None still booting.

    It is read from the events, because Lima calls an instance running while it still boots. True if they were removed
    (`truncate -s 0 *.log` makes room): who asks the guest then finds out, and a guest that works is not powered off.
    """
    ready = True if instance.files.events_lost else None
    for status in _statuses(instance.files.event_lines()):
        if status.get("exiting") or status.get("degraded"):
            ready = False
        elif status.get("running"):
            ready = True
    return ready


def has_booted(instance: Instance) -> bool:
    """Whether the guest has come so far that it shuts down when it is asked to: ssh has reached it.

    The host agent calls it ready only later, when it is provisioned. It tells of ssh in its log alone.
    """
    if host_agent_ready(instance) is not None:
        return True
    log = instance.files.host_agent_log_lines()
    return any(_SSH_REACHED.match(message(line)[1]) for line in log if "is satisfied" in line)


def forwarded(events: Iterable[str]) -> dict[tuple[str, int], Address]:
    """Return where each guest port is forwarded to, by protocol and guest port, according to the ``events`` (lines).

    Forwarded sockets, and lines that cannot be read, are left out.
    """
    addresses = dict[tuple[str, int], Address]()
    for status in _statuses(events):
        try:
            event = status["portForward"]
            key = (str(event["protocol"]), address(event["guestAddr"])[1])
            host = address(event["hostAddr"])
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if event.get("type") == "forwarding":
            addresses[key] = host
        elif event.get("type") == "stopping":
            addresses.pop(key, None)
    return addresses


def failed(log: Iterable[str]) -> list[Address]:
    """Return the host addresses that the host agent could not listen on, according to the lines of its ``log``."""
    matches = (_FAILED.match(message(line)[1]) for line in log if "failed to listen" in line)  # a log can be weeks long
    return list(dict.fromkeys(address(match[1]) for match in matches if match))


def address(text: str) -> Address:
    """Return the IP and the port of ``127.0.0.1:3000`` or ``[::1]:3000``."""
    ip, _, port = text.rpartition(":")
    return ip.strip("[]"), int(port)


def _statuses(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        try:
            status = json.loads(line)["status"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(status, Mapping):
            yield status
