"""What QEMU itself says of a VM, by its monitor (QEMU's docs/interop/qmp-spec.rst).

Lima calls a paused VM Running (2.2.0).
"""

import json
import socket
from collections.abc import Iterator, Mapping
from time import sleep
from typing import IO, Any

from sysinit_vm.lima.instance import STOPPED, Instance

_TIMEOUT = 1  # seconds; the monitor serves one client at a time, and limactl may be that
_LONGEST = 2**16  # bytes of a line
_LINES = 100  # events may come before an answer
_SETTLE = 0.5  # seconds in which what paused the guest does so again


def paused(instance: Instance) -> bool:
    """Whether QEMU has paused the guest because it cannot write to the VM's disk: the host's has no room.

    False if that cannot be told: the VM is not QEMU's or does not run, or its monitor does not answer within a second.
    """
    status = _ask(instance, "query-status") if instance.status != STOPPED else None  # Lima may not know that it runs
    return status is not None and status.get("status") == "io-error"


def resume(instance: Instance) -> bool:
    """Let a paused guest go on, and return whether it does; QEMU then writes what it could not."""
    _ask(instance, "cont")
    sleep(_SETTLE)
    return not paused(instance)


def power_down(instance: Instance) -> bool:
    """Press the guest's power button, whatever Lima says of the VM; whether QEMU has taken that."""
    return _ask(instance, "system_powerdown") is not None


def _ask(instance: Instance, command: str) -> Mapping[str, Any] | None:
    """Return what QEMU answers to ``command``, None if it does not."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_TIMEOUT)
            connection.connect(str(instance.files.monitor))
            with connection.makefile("rb") as replies:
                next(_messages(replies))  # the greeting
                for wanted in ("qmp_capabilities", command):
                    connection.sendall(json.dumps({"execute": wanted}).encode() + b"\n")
                    answer = next(message for message in _messages(replies) if message.keys() & {"return", "error"})
    except (OSError, ValueError, StopIteration):
        return None
    status = answer.get("return")
    return status if isinstance(status, Mapping) else None


def _messages(replies: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    for _ in range(_LINES):
        message = json.loads(replies.readline(_LONGEST) or b"null")
        if not isinstance(message, Mapping):
            return
        yield message
