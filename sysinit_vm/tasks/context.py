"""The way from Invoke's context to our own objects, the same for every task."""

import shlex
import sys

from invoke.context import Context

from sysinit_vm import user_account
from sysinit_vm.errors import MissingError, NoConfigError, typed
from sysinit_vm.lima.instance import Instances
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import find_programs
from sysinit_vm.projects import locate, owners, search
from sysinit_vm.projects.locate import Target
from sysinit_vm.projects.project import Project
from sysinit_vm.runner import Runner
from sysinit_vm.vm.project_vm import ProjectVm


def runner(c: Context) -> Runner:
    """Return the process starter, which honours Invoke's ``--dry`` and ``--echo``."""
    return Runner(dry=bool(c.config.run.dry), echo=bool(c.config.run.echo))


def lima(c: Context) -> Limactl:
    """Return limactl; MissingError (exit 6) if this machine has none."""
    program = find_programs.find_limactl()
    if program is None and (user := user_account.by_sudo()):
        raise MissingError(
            "limactl was not found for root.",
            detail=f"You are root by sudo. The VMs of {user}, and the programs for them, are {user}'s own.",
            hint="the same command without sudo",
        )
    if program is None:
        raise MissingError(
            "limactl was not found.",
            detail="It starts and stops the VMs: https://lima-vm.io.",
            hint="sysinit-vm setup",
        )
    return Limactl(runner(c), program)


def lima_if_found(c: Context) -> Limactl | None:
    """Return limactl, None if this machine has none: for tasks that work without it."""
    try:
        return lima(c)
    except MissingError:
        return None


def instances_if_found(c: Context) -> Instances | None:
    """Return the instances of this machine, None if it has no limactl."""
    limactl = lima_if_found(c)
    return limactl.instances() if limactl else None


def project_vm(c: Context, directory: str | None, name: str | None) -> ProjectVm:
    """Return the VM that ``--project`` and ``--name`` mean, as it is now. The errors are those of ``wanted_target``."""
    return ProjectVm.read(lima(c), wanted_target(c, directory, name))


def wanted_target(c: Context, directory: str | None, name: str | None) -> Target:
    """As ``locate.target``, but the error for a missing config names a VM that was made for that directory."""
    try:
        return locate.target(directory, name)
    except NoConfigError as error:
        raise _config_lost(c, directory, error) or error from error


def _config_lost(c: Context, directory: str | None, error: NoConfigError) -> NoConfigError | None:
    """Return the ``error`` for a directory without a config that a VM was made for, None if there is no such VM."""
    root = search.directory(directory)
    instances = instances_if_found(c) or ()
    made = next((instance for instance in instances if owners.belongs(instance, Project(root))), None)
    if made is None:
        return None
    destroy = typed("sysinit-vm", "destroy", "--name", made.name)
    return NoConfigError(
        error.brief,
        detail=f"The VM {made.name} was made for {root}.",
        hint=f"sysinit-vm init, which makes a config for it again, or {destroy}",
    )


def any_vm(c: Context, directory: str | None, name: str | None, *, named: str, to_work: bool = False) -> ProjectVm:
    """As ``project_vm``, but outside a project the hint is not to make one: ``named`` is the command with --name.

    ``to_work`` says that the VM is to be worked in: then the hint also says how to get one for that directory.
    """
    try:
        wanted = locate.target(directory, name)
    except NoConfigError as error:
        new = "sysinit-vm up" if error.hint.startswith("sysinit-vm init") else error.hint
        raise _config_lost(c, directory, error) or NoConfigError(
            error.brief,
            detail=f"{error.detail}\nOutside a project, --name chooses the VM; `sysinit-vm list` shows all.",
            hint=f"sysinit-vm list, then {named}{f'; or, for a new VM: {new}' if to_work else ''}",
        ) from error
    return ProjectVm.read(lima(c), wanted)


def exact_words(remainder: str) -> list[str]:
    """Return the words after ``--`` exactly as they were typed; ``remainder`` is what Invoke made of them.

    Our console script quotes them into ``remainder``. `inv` joins them with bare spaces, so they are taken from its own
    command line.
    """
    own = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    return own if " ".join(own) == remainder else shlex.split(remainder)
