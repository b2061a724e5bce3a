"""Delete a VM with its disk."""

from contextlib import nullcontext

from sysinit_vm.errors import StateError, VmError, typed
from sysinit_vm.lima import events, recovery
from sysinit_vm.lima.instance import STOPPED, Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.trust import approvals
from sysinit_vm.vm import pause
from sysinit_vm.vm.project_vm import ProjectVm
from sysinit_vm.vm.stop import reminding


def to_destroy(vm: ProjectVm) -> Instance:
    """Return the instance that ``destroy`` would delete. StateError if there is none, or if Lima protects it.

    VmError if we may not look whether it does.
    """
    instance = vm.to_end()
    if denied := instance.files.denied("protected"):
        raise denied
    if instance.files.protected:
        allow = f"limactl unprotect {instance.name}"
        if instance.unreadable:  # which limactl cannot unprotect
            allow = typed("rm", instance.dir / "protected")
        raise StateError(
            f"The VM {instance.name} is protected: nothing was changed.",
            detail="limactl protect was used on it.",
            hint=f"{allow}, then the same command",
        )
    return instance


def destroy(vm: ProjectVm, progress: Progress | None = None, *, made: tuple[int, int] | None = None) -> str:
    """Delete the VM with its disk and return its name. StateError if there is none, or if Lima protects it.

    A running VM is stopped first, so that the guest's unwritten data reaches the project. ``progress`` is that of a
    task that this is part of; without one, its stages are shown by themselves. ``made`` is that of the instance's files
    when the user was asked: StateError if there is another VM of the name by now.
    """
    with vm.locked() as locked:
        if made is not None and to_destroy(locked).files.made != made:
            raise StateError(f"The VM {vm.located.name} has changed in the meantime.", hint="sysinit-vm status")
        return delete(locked, progress)


def delete(vm: ProjectVm, progress: Progress | None = None) -> str:
    """As ``destroy``, for a ``vm`` whose lock the caller holds, and that was read since."""
    instance = to_destroy(vm)
    with nullcontext(progress) if progress else Progress(f"Destroying VM: {instance.name}") as shown:
        with reminding(shown):
            end(vm.lima, instance, shown)
        shown.stage("deleting its disk")
        vm.lima.delete(instance.name)
    if not vm.lima.runner.dry:
        approvals.forget(instance.dir)
    return instance.name


def end(lima: Limactl, instance: Instance, progress: Progress) -> None:
    """Stop the VM, if necessary by force, and end what is left of it.

    VmError if that cannot be ended, or if it is not known whether a recorded process is the VM's.
    """
    if instance.running and not recovery.recycled(instance):
        _stop(lima, instance, progress)
    elif instance.status != STOPPED:
        recovery.shut_down(lima, instance, progress.stage)
        recovery.recover(lima, instance)
    if not lima.runner.dry:
        recovery.end_processes(instance.files)  # limactl would delete the files of those that it does not know


def _stop(lima: Limactl, instance: Instance, progress: Progress) -> None:
    if not events.has_booted(instance):  # limactl would wait for minutes for a guest that cannot hear yet
        progress.stage("powering off the guest, which has not booted")
        lima.stop(instance.name, force=True)
        return
    progress.stage("shutting down the guest")
    try:
        pause.go_on(lima, instance)
        lima.stop(instance.name)
    except VmError:
        progress.stage("powering off the guest, which does not shut down")
        lima.stop(instance.name, force=True)
