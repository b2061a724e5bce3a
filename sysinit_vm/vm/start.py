"""Start a VM, whatever its state, and verify that the user can work in it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from sysinit_vm import hints, ssh_config
from sysinit_vm.drift import compare
from sysinit_vm.errors import VmError
from sysinit_vm.guest import checks, git_identity, install_zellij
from sysinit_vm.guest.checks import Readiness
from sysinit_vm.lima import login_shell
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.ports import portlist
from sysinit_vm.projects import locate, owners, repository
from sysinit_vm.projects.locate import Located
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.trust import gate
from sysinit_vm.vm import adopt, own_keys
from sysinit_vm.vm.boot import boot
from sysinit_vm.vm.options import StartOptions
from sysinit_vm.vm.project_vm import ProjectVm


def start(vm: ProjectVm, options: StartOptions) -> Instance:
    """Start the VM and verify that the user can work in it; a running VM is only verified.

    NoConfigError without a config; StateError if the VM is another project's; VmError with the guest's last lines if
    the boot, the provisioning or the mount failed.
    """
    if vm.located.instance is None and adopt.offer(vm, options.committed):
        vm = vm.read_again()
    present = vm.own().instance
    if present is not None and not present.running:
        gate.passed_instance(present)  # asked now: nobody can be asked while the lock is held and progress is shown
    with vm.locked() as locked:
        located = locked.own()
        project = _project(locked, located)
        if located.instance is None:
            _refuse_second(locked, project)
        if options.committed and options.committed.path != project.config:
            options = replace(options, committed=None)  # --name selected another project's VM: this config is not its
        with _interrupt_told(locked.lima, located.name), Progress(f"Starting VM: {located.name}") as progress:
            booted = boot(locked.lima, located, project, options, progress)
            if vm.lima.runner.dry:
                return located.instance or Instance(located.name, "", lima_home() / located.name)
            progress.stage("checking the guest")
            instance = _as_started(locked, located, booted=booted)
            if booted:  # whatever becomes of its provisioning
                compare.remember(instance)
            missing_shell = login_shell.settle(locked.lima, instance)
            gitconfig = git_identity.gitconfig(vm.lima.runner, project.root)
            writable = instance.project_writable
            report = checks.readiness(vm.lima, located.name, project, gitconfig=gitconfig, writable=writable)
            why = "" if report.session_tool else install_zellij.install(vm.lima, instance, progress)
        if missing_shell:
            say(f"  The guest has no {missing_shell} (user.shell): commands and logins use /bin/bash.")
        require_ready(located.name, project, report)
        if why:
            say(f"  Zellij is not installed in this guest: {why}. `shell` gives a login shell.")
    no_git = f"git did not answer in {project.root}: the guest's git keeps the name and e-mail that it has."
    _warn(no_git if gitconfig is None else "", *portlist.lost(instance), own_keys.no_agent(instance))
    ssh_config.write_hosts([instance])
    return instance


@contextmanager
def _interrupt_told(lima: Limactl, name: str) -> Iterator[None]:
    """On Ctrl-C say that the VM ``name`` runs on, if it does: it needs its memory and its CPUs."""
    try:
        yield
    except KeyboardInterrupt:
        with suppress(VmError):
            instance = lima.instance(name)
            if instance and instance.running:
                say(hints.completed(f"The VM {name} runs on. Stop it: sysinit-vm stop"))
        raise


def _warn(*warnings: str) -> None:
    for warning in filter(None, warnings):
        say(f"  {warning}")


def _project(vm: ProjectVm, located: Located) -> Project:
    """The project whose mount is verified: a VM selected by name may belong to another directory."""
    if located.instance and located.instance.project_dir:
        return Project(located.instance.project_dir)
    return vm.target.required


def _refuse_second(vm: ProjectVm, project: Project) -> None:
    """Refuse a second VM that would write to the same project."""
    for present in locate.of_project(vm.instances, project):
        if vm.target.explicit:
            raise locate.misnamed(vm.instances, project, present, vm.target)
        raise locate.second(project, present, vm.target)
    for lost in owners.ownerless(vm.instances):
        say(f"  The project of the VM {lost.name}, {lost.project_dir}, is gone.")
        say(hints.completed(f"  If it is now this project: sysinit-vm adopt --name {lost.name}"))


def _as_started(vm: ProjectVm, located: Located, *, booted: bool) -> Instance:
    """Return the VM as it is now."""
    if located.instance and not booted:
        return located.instance
    instance = vm.lima.instance(located.name)
    if instance is None:
        raise VmError(f"The VM {located.name} disappeared while it was starting.", hint="sysinit-vm start")
    return instance


def require_ready(name: str, project: Project, report: Readiness) -> None:
    """Raise VmError, which says what is wrong, unless the user can work in the guest."""
    if not report.mounted:
        raise VmError(
            f"The VM {name} runs, but {project.root} is not mounted in it correctly.",
            detail=report.mount_problem or "A file written on the host did not appear in the guest.",
            hint="sysinit-vm restart",
        )
    if report.failed_scripts:
        raise VmError(
            f"The VM {name} runs, but its provisioning failed.",
            detail="\n".join(report.failed_scripts),
            hint="sysinit-vm logs --source provision",
        )
    if report.read_only:
        say(f"  The project is read-only in this guest: {report.read_only}.")
    if report.git_problem:
        say(f"  git fails in this guest: {report.git_problem}")
        say(f"    Try: {repository.advice(project.root, report.git_problem)}")
    if report.ssh_left_out:
        say(f"  Your ssh config: this guest's ssh does not know, and leaves out: {'; '.join(report.ssh_left_out)}")
