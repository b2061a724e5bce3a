"""A VM that QEMU has paused because the host's disk is full: nothing is lost as long as it is not ended."""

import shutil

from sysinit_vm.errors import StateError, typed
from sysinit_vm.lima import qmp
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl

_START = "sysinit-vm start, when there is room"


def require_going(instance: Instance) -> None:
    """Raise StateError (exit 4) if the guest is paused: whatever is asked of it would wait without end."""
    if qmp.paused(instance):
        raise error(instance)


def go_on(lima: Limactl, instance: Instance, hint: str = _START) -> None:
    """Let a paused guest go on; StateError (exit 4) with ``hint`` if there is still no room for what it writes."""
    if not lima.runner.dry and qmp.paused(instance) and not qmp.resume(instance):
        raise error(instance, hint)


def error(instance: Instance, hint: str = _START) -> StateError:
    """Return the error for a paused guest, with what to type when there is room."""
    free = shutil.disk_usage(instance.dir).free // 2**20
    return StateError(
        f"The VM {instance.name} is paused: the disk of this machine is full.",
        detail=f"{free} MB are free for {instance.dir}. The guest goes on where it was when there is more: see "
        f"{typed('df', '-h', instance.dir)}, and sysinit-vm prune for what is no longer needed.",
        hint=hint,
    )
