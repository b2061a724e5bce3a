"""Everything that can be examined, from the machine inward, whatever of it is broken."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sysinit_vm.doctor import machine, project, vm
from sysinit_vm.doctor.finding import Finding, guarded, wrong
from sysinit_vm.errors import NoConfigError, UsageError, VmError
from sysinit_vm.lima import names
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine.host import Host
from sysinit_vm.projects import default_names, locate, search
from sysinit_vm.projects.locate import Target
from sysinit_vm.projects.project import Project
from sysinit_vm.runner import Runner


def everything(
    runner: Runner, lima: Limactl | None, target: Target | None, problems: Sequence[Finding] = ()
) -> list[Finding]:
    """Return the findings about this machine, the project of ``target`` and its VM, if they exist.

    ``problems`` were found on the way to ``lima`` and ``target``; each is reported once.
    """
    findings = list(guarded(machine.AREA, "machine", machine.examine(runner, Host.read())))
    findings += guarded(project.AREA, "project", project.examine(lima, target))
    reported = {finding.text for finding in findings}
    findings += [problem for problem in problems if problem.text not in reported]
    if lima is not None and target is not None:
        findings += guarded(vm.AREA, "state", _vm(lima, target))
    return findings


def _vm(lima: Limactl, target: Target) -> Iterator[Finding]:
    without_problem = replace(target, problem=None)  # the project's findings tell it
    instance = locate.locate(lima.instances(), without_problem).instance
    if instance is not None:
        yield from vm.examine(lima, instance)


def meant(directory: str | None, name: str | None) -> tuple[Target | None, list[Finding]]:
    """Return what ``locate.target`` does, and what is wrong on the way there; no target without a project.

    The directory gives the VM's name if nothing else can; it may be one that cannot be a project. UsageError if the
    options themselves are wrong.
    """
    if directory:
        search.directory(directory)
    if name:
        names.checked_vm_name(name, source="--name")
    nearest = None
    with contextlib.suppress(UsageError):  # the current directory is gone: told by the next call
        nearest = search.nearest(directory)
    try:
        target = replace(locate.target(directory, name), project=nearest)
        return target, [wrong(project.AREA, "name", target.problem)] if target.problem else []
    except NoConfigError:
        return None, []
    except VmError as error:
        problems = [wrong(project.AREA, "name", error)]
    if nearest is None:
        return None, problems
    return Target(nearest, name or _directory_name(nearest), "--name" if name else "directory"), problems


def _directory_name(owner: Project) -> str:
    """Return the VM's name that the directory gives; of any length if LIMA_HOME leaves room for none."""
    with contextlib.suppress(UsageError):
        return default_names.vm_name(owner.root, names.longest_vm_name(lima_home()))
    return default_names.vm_name(owner.root)
