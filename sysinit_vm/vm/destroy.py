"""Delete a VM with its disk."""

from contextlib import suppress

from sysinit_vm.errors import VmError
from sysinit_vm.lima.instance import STOPPED
from sysinit_vm.lima.recovery import recover
from sysinit_vm.trust import approvals
from sysinit_vm.vm.project_vm import ProjectVm


def destroy(vm: ProjectVm) -> str:
    """Delete the VM with its disk and return its name. StateError if there is none.

    A running VM is stopped first, so that the guest's unwritten data reaches the project.
    """
    with vm.locked() as locked:
        instance = locked.existing()
        if instance.running:
            try:
                vm.lima.stop(instance.name)
            except VmError:
                vm.lima.stop(instance.name, force=True)
        elif instance.unreadable:
            with suppress(VmError):
                recover(vm.lima, instance)
        elif instance.status != STOPPED:
            recover(vm.lima, instance)
        vm.lima.delete(instance.name)
        approvals.forget(instance.dir)
    return instance.name
