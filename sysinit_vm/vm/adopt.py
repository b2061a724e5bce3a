"""A VM taken over for this directory: its project was moved or renamed, or it was made without us.

It gets this directory's mounts, params, session and environment; its disk, and all that only a new disk can be
given, stay.
"""

from sysinit_vm.config.document import Config
from sysinit_vm.effective import prepare
from sysinit_vm.errors import StateError
from sysinit_vm.lima.instance import RUNNING, STOPPED, Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.locks import vm_lock
from sysinit_vm.lima.recovery import recover
from sysinit_vm.machine import facts
from sysinit_vm.ports import allocation
from sysinit_vm.projects import locate, owners, project
from sysinit_vm.projects.locate import Target
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say

# What a VM was made with and no later start takes up, or takes amiss (Lima 2.2.0).
_MADE_WITH = ("images", "firmware", "arch", "vmType", "mountType", "disk", "user")


def adopt(lima: Limactl, wanted: Target, committed: Config, *, yes: bool) -> Instance:
    """Take over the VM that --name says, or else the one that the project left behind; return it.

    ``committed`` is the project's config, read once, that limactl may have.
    StateError where there is none, where it has a project, or this project another VM; NotConfirmedError; VmError
    where the config cannot be, or Lima does not take it. Then nothing was changed, but that the VM may be stopped.
    """
    home = wanted.required
    vm = _candidate(lima, wanted, home)
    if owners.belongs(vm, home):
        return vm
    stops = " It runs, and is stopped for that." if vm.running else ""
    why = "" if wanted.explicit else f"{owners.question(vm, home)} "
    asked = f"{why}Take the VM {vm.name} of {owners.owner(vm)} over for {home.root}?{stops}"
    prompts.confirm(asked, yes=yes, refusal_hint=f"sysinit-vm adopt --name {vm.name} --yes")
    _take_over(lima, vm, home, committed)
    return vm


def offer(lima: Limactl, wanted: Target, committed: Config | None) -> bool:
    """Before a first start: offer the VM that the project left behind, and return whether it was taken.

    StateError where nobody can be asked, NotConfirmedError where it is not wanted.
    """
    vm = locate.left_behind(lima, wanted)
    if vm is None or committed is None:
        return False
    if not prompts.can_ask():
        raise owners.moved(lima, vm, wanted.required)
    adopt(lima, wanted, committed, yes=False)
    say(f"VM adopted: {vm.name}")
    return True


def _candidate(lima: Limactl, wanted: Target, home: Project) -> Instance:
    mine = locate.of_project(lima, home)
    vm = lima.instance(wanted.name) if wanted.explicit else next(iter(mine), locate.left_behind(lima, wanted))
    if vm is None:
        raise StateError(
            f"There is no VM {wanted.name}." if wanted.explicit else f"No VM was left behind by {home.root}.",
            detail="A VM of another name is taken over with --name.",
            hint="sysinit-vm list, then sysinit-vm adopt --name NAME",
        )
    if vm.unreadable:
        raise locate.unreadable(vm)
    if mine and mine[0].name != vm.name:
        raise locate.second(home, mine[0], wanted)
    former = vm.project_dir
    if former and not project.same(former, home.root) and owners.has_config(former):
        raise StateError(
            f"The VM {vm.name} has a project: {former}.",
            detail=f"Its config is still there, so {home.root} cannot take the VM over.",
            hint="sysinit-vm start, which makes one for this directory",
        )
    return vm


def _take_over(lima: Limactl, vm: Instance, home: Project, wished: Config) -> None:
    with vm_lock(vm.name):
        now = lima.instance(vm.name)
        if now is None or now.project_dir != vm.project_dir:
            raise StateError(f"The VM {vm.name} was changed meanwhile.", hint="sysinit-vm status")
        was = lima.config(vm)
        data = prepare.prepared(wished, home, vm.name, facts.gather(), allocation.kept(was, wished))
        for word in data.notes:
            say(f"  {word}")
        if now.status not in {RUNNING, STOPPED}:
            recover(lima, now)
        elif now.running:
            say(f"Stopping {vm.name} …")
            lima.stop(vm.name)
        lima.edit(vm.name, _merged(was, data.data))


def _merged(was: Config, wished: dict[str, object]) -> dict[str, object]:
    """The wished config around the disk that there is."""
    made_with = {key: was.data[key] for key in _MADE_WITH if key in was.data}
    return {**{key: value for key, value in wished.items() if key not in _MADE_WITH}, **made_with}
