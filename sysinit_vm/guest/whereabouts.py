"""What became of a VM when a terminal lost its connection to it."""

import time
from contextlib import suppress
from enum import Enum, auto

from sysinit_vm import lock
from sysinit_vm.errors import VmError
from sysinit_vm.lima.instance import STOPPED
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.locks import vm_lock_file
from sysinit_vm.terminal.console import say

_LOOK_FOR, _EVERY, _ANSWER_WITHIN = 15, 1, 5  # seconds
# A guest that shuts down may still answer for a moment.
_STAYS_UP = ("sh", "-c", 'test "$(systemctl is-system-running)" != stopping')


class Whereabouts(Enum):
    """What a VM does: ``BUSY`` is in the hands of another command of ours, ``SILENT`` neither answers nor stops."""

    RUNS = auto()
    BUSY = auto()
    STOPPED = auto()
    DELETED = auto()
    SILENT = auto()


def look(lima: Limactl, name: str) -> Whereabouts:
    """Return what became of the VM ``name``; it takes up to 20 seconds, and then says that it looks.

    Lima lists a VM as running until its guest has shut down (2.2.0), so the guest must answer too.
    """
    began, told = time.monotonic(), False
    while True:
        known = _now(lima, name)
        if known is not None:
            return known
        if time.monotonic() - began >= _LOOK_FOR:
            return Whereabouts.SILENT
        if not told:
            say(f"The connection to the VM {name} was lost. Checking what happened to the VM …")
            told = True
        time.sleep(_EVERY)


def _now(lima: Limactl, name: str) -> Whereabouts | None:
    """What is certain at this moment, None if nothing is."""
    if lock.is_held(vm_lock_file(name)):
        return Whereabouts.BUSY
    with suppress(VmError):  # limactl may list none while one is being deleted
        instance = lima.instance(name)
        if instance is None:
            return Whereabouts.DELETED
        if instance.status == STOPPED:
            return Whereabouts.STOPPED
        if instance.running and lima.run(name, _STAYS_UP, timeout=_ANSWER_WITHIN).ok:
            return Whereabouts.RUNS
    return None
