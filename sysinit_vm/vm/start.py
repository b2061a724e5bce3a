"""Decisions: what is observed and what is wished become limactl calls. One function per verb."""

from contextlib import AbstractContextManager, suppress
from dataclasses import replace

from sysinit_vm.drift import compare
from sysinit_vm.errors import VmError
from sysinit_vm.guest import checks, git_identity
from sysinit_vm.guest.checks import Readiness
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import BROKEN, RUNNING, STOPPED, Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.locks import vm_lock
from sysinit_vm.lima.recovery import recover
from sysinit_vm.projects import locate, owners
from sysinit_vm.projects.locate import Target
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.vm import adopt
from sysinit_vm.vm.boot import boot
from sysinit_vm.vm.options import StartOptions


def start(lima: Limactl, target: Target, wish: StartOptions) -> Instance:
    """Bring the target's VM to where its user can work in it, and prove that; a running one is fine.

    NoConfigError without a config; StateError where the VM is another project's; VmError with the guest's
    last lines where the boot, the provisioning or the mount failed.
    """
    from sysinit_vm import ssh_config
    from sysinit_vm.ports import portlist

    with vm_lock(_settled(lima, target, wish)):
        found = locate.own(lima, target)
        home = _home(target, found.instance)
        if found.instance is None:
            _refuse_second(lima, home, target)
        if wish.committed and wish.committed.path != home.config:
            wish = replace(wish, committed=None)  # another project's VM by --name: this config is not its own
        with Progress(f"Starting VM: {found.name}") as progress:
            boot(lima, found, home, wish, progress)
            if lima.runner.dry:
                return found.instance or Instance(found.name, "", lima_home() / found.name)
            progress.stage("checking the guest")
            report = checks.readiness(lima, found.name, home, gitconfig=git_identity.gitconfig(lima.runner, home.root))
        judge(found.name, home, report)
        instance = lima.instance(found.name)
        if instance and not (found.instance and found.instance.running):
            compare.remember(lima, instance)
    for word in portlist.lost(lima, instance) if instance else ():
        say(f"  {word}")
    if instance is None:
        raise VmError(f"The VM {found.name} vanished while it started.", hint="sysinit-vm start")
    ssh_config.write_hosts([instance])
    return instance


def _settled(lima: Limactl, target: Target, wish: StartOptions) -> str:
    """Return the name of the target's VM, which may be one that was left behind and is adopted here."""
    found = locate.locate(lima, target)
    if found.instance is None and adopt.offer(lima, target, wish.committed):
        return locate.locate(lima, target).name
    return found.name


def _home(target: Target, instance: Instance | None) -> Project:
    """The project whose mount the VM must prove: a VM selected by name may belong to another directory."""
    if instance and instance.project_dir:
        return Project(instance.project_dir)
    return target.required


def _refuse_second(lima: Limactl, home: Project, target: Target) -> None:
    """Two VMs that write to one mount are never what anyone wants."""
    for other in locate.of_project(lima, home):
        raise locate.second(home, other, target)
    for lost in owners.ownerless(lima):
        say(f"  The VM {lost.name} lost its project, {lost.project_dir}. Is it this one's? adopt --name {lost.name}")


def judge(name: str, home: Project, report: Readiness) -> None:
    """Return if the user can work in the guest; VmError says what is wrong with it."""
    if not report.mounted:
        raise VmError(
            f"The VM {name} runs, but {home.root} is not mounted in it correctly.",
            detail=report.mount_problem or "A file written on the host was not seen in the guest.",
            hint="sysinit-vm restart",
        )
    if report.failed_scripts:
        raise VmError(
            f"The VM {name} runs, but its provisioning failed.",
            detail="\n".join(report.failed_scripts),
            hint="sysinit-vm logs --source provision",
        )
    if not report.session_tool:
        say("  Zellij is not installed in this guest: `shell` gives a login shell.")


def stop(lima: Limactl, target: Target, *, force: bool = False) -> Instance:
    """Stop the target's VM; a stopped one is fine. StateError where there is none."""
    with alone(lima, target):
        instance = locate.existing(lima, target)
        if instance.status not in {RUNNING, STOPPED}:
            recover(lima, instance)
        elif instance.running:
            lima.stop(instance.name, force=force)
    return locate.existing(lima, target)


def stop_all(lima: Limactl, *, force: bool = False) -> list[str]:
    """Stop every project's VM that runs, and return their names; one that fails does not keep the others.

    VmError names those that could not be stopped, and why.
    """
    stopped, failed = list[str](), list[str]()
    every = [each for each in lima.instances() if each.project_dir and each.status in {RUNNING, BROKEN}]
    with Progress(f"Stopping {len(every)} VMs") as progress:
        for each in every:
            progress.stage(each.name)
            try:
                stop(lima, Target(None, each.name, "--name"), force=force)
                stopped.append(each.name)
            except VmError as error:
                failed.append(f"{each.name}: {error.brief} {error.detail}".rstrip())
    if failed:
        raise VmError(
            f"{len(failed)} of {len(every)} VMs could not be stopped.",
            detail="\n".join(failed),
            hint="sysinit-vm stop --all --force",
        )
    return stopped


def destroy(lima: Limactl, target: Target) -> str:
    """Delete the target's VM with its disk and return its name. StateError where there is none.

    A running VM is stopped first, so that what the guest has not written yet reaches the project.
    """
    with alone(lima, target):
        instance = locate.existing(lima, target)
        if instance.running:
            try:
                lima.stop(instance.name)
            except VmError:
                lima.stop(instance.name, force=True)
        elif instance.unreadable:
            with suppress(VmError):
                recover(lima, instance)
        elif instance.status != STOPPED:
            recover(lima, instance)
        lima.delete(instance.name)
    return instance.name


def alone(lima: Limactl, target: Target) -> AbstractContextManager[bool]:
    """Hold the lock of the target's VM."""
    return vm_lock(locate.locate(lima, target).name)
