"""Delete a VM with its disk."""

from sysinit_vm.errors import StateError, VmError
from sysinit_vm.lima import recovery
from sysinit_vm.lima.instance import STOPPED, Instance
from sysinit_vm.trust import approvals
from sysinit_vm.vm import pause
from sysinit_vm.vm.project_vm import ProjectVm


def to_destroy(vm: ProjectVm) -> Instance:
    """Return the instance that ``destroy`` would delete. StateError if there is none, or if Lima protects it."""
    instance = vm.to_end()
    if instance.files.protected:
        raise StateError(
            f"The VM {instance.name} is protected: nothing was changed.",
            detail="limactl protect was used on it.",
            hint=f"limactl unprotect {instance.name}, then the same command",
        )
    return instance


def destroy(vm: ProjectVm) -> str:
    """Delete the VM with its disk and return its name. StateError if there is none, or if Lima protects it.

    A running VM is stopped first, so that the guest's unwritten data reaches the project.
    """
    with vm.locked() as locked:
        instance = to_destroy(locked)
        if instance.running:
            try:
                pause.go_on(vm.lima, instance)
                vm.lima.stop(instance.name)
            except VmError:
                vm.lima.stop(instance.name, force=True)
        elif instance.status != STOPPED:
            recovery.recover(vm.lima, instance)
        if not vm.lima.runner.dry:
            recovery.end_processes(instance.files)  # limactl would delete the files of those that it does not know
        vm.lima.delete(instance.name)
        if not vm.lima.runner.dry:
            approvals.forget(instance.dir)
    return instance.name
