"""Stop a VM, or the VMs of all projects."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

from sysinit_vm.background import repeat_every
from sysinit_vm.errors import VmError
from sysinit_vm.lima import events, recovery
from sysinit_vm.lima.instance import BROKEN, RUNNING, STOPPED, Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.recovery import own_processes, recover, recycled
from sysinit_vm.projects import locate
from sysinit_vm.projects.locate import Target
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.vm import pause
from sysinit_vm.vm.project_vm import ProjectVm

UNBOOTED_SECONDS = 30
"""How long a guest that has not booted has to shut down. It may just come up; limactl would wait for three minutes."""

_BEAT = 5  # seconds
_STILL_PAUSED = (
    "make room, then sysinit-vm stop. Without room: sysinit-vm stop --force, which loses what the guest has not written"
)


def stop(vm: ProjectVm, *, force: bool = False) -> Instance:
    """Stop the VM, show what that waits for, and return it; nothing happens if it is already stopped.

    StateError if there is no VM. The errors of ``shut_down``.
    """
    with vm.locked() as locked:
        instance = locked.to_end()
        if instance.status != STOPPED:
            with Progress(f"Stopping VM: {instance.name}") as progress, reminding(progress):
                shut_down(vm.lima, instance, progress.stage, force=force)
            if instance.unreadable:
                say(str(locate.unreadable(instance)))
    return replace(instance, status=STOPPED)


def reminding(progress: Progress) -> AbstractContextManager[None]:
    """Show every now and then that the stage goes on: limactl waits up to three minutes for a guest (2.2.0)."""
    return repeat_every(_BEAT, progress.remind)


def shut_down(lima: Limactl, instance: Instance, stage: Callable[[str], None], *, force: bool = False) -> None:
    """Stop an instance that is not stopped, whatever its state, and tell each ``stage`` of that.

    A guest that has booted has the time to write what it has to. With ``force`` it has none. VmError if Lima cannot
    stop it; StateError if the guest is paused and there is no room for what it writes.
    """
    if not force:
        pause.go_on(lima, instance, _STILL_PAUSED)  # a paused guest does not hear that it is to shut down
    if recycled(instance) or not instance.running:
        if not force:
            recovery.shut_down(lima, instance, stage, unbooted_seconds=UNBOOTED_SECONDS)
        stage("powering it off")
        recover(lima, instance)
    elif force:
        stage("powering it off")
        lima.stop(instance.name, force=True)
    else:
        _ask(lima, instance, stage)


def _ask(lima: Limactl, instance: Instance, stage: Callable[[str], None]) -> None:
    if events.has_booted(instance):
        stage("shutting down the guest")
        processes = own_processes(instance.files)
        try:
            lima.stop(instance.name)
        except VmError:  # when the guest is down: limactl cannot read events whose beginning was removed (2.2.0)
            if not recovery.have_ended(processes):
                raise
        return
    stage("shutting down the guest, which has not booted")
    try:
        lima.stop(instance.name, timeout=UNBOOTED_SECONDS)
    except VmError:
        stage("powering off the guest, which does not hear")
        lima.stop(instance.name, force=True)


def _may_run(instance: Instance) -> bool:
    """Whether there may be something to stop. Lima does not know that of an instance that it cannot read."""
    if instance.unreadable:
        return bool(own_processes(instance.files))
    return instance.status in {RUNNING, BROKEN}


def _stop_one_of_many(lima: Limactl, instance: Instance, progress: Progress, *, force: bool) -> None:
    if instance.status != STOPPED:
        shut_down(lima, instance, lambda text: progress.stage(f"{instance.name}: {text}"), force=force)


def stop_all(lima: Limactl, *, force: bool = False) -> list[str]:
    """Stop the running VMs of all projects and return their names. If one cannot be stopped, go on with the others.

    VmError names those that could not be stopped, and why.
    """
    stopped, failures = list[str](), list[str]()
    instances = lima.instances()
    names = [vm.name for vm in (*instances, *instances.lost) if vm.project_dir and _may_run(vm)]
    with Progress(f"Stopping {len(names)} VMs") as progress:
        for name in names:
            progress.stage(name)
            try:
                with ProjectVm.read(lima, Target(None, name, "--name")).locked() as locked, reminding(progress):
                    _stop_one_of_many(lima, locked.to_end(), progress, force=force)
                stopped.append(name)
            except VmError as error:
                failures.append(f"{name}: {error.brief} {error.detail}".rstrip())
    if failures:
        raise VmError(
            f"{len(failures)} of {len(names)} VMs could not be stopped.",
            detail="\n".join(failures),
            hint="sysinit-vm stop --all --force",
        )
    return stopped
