"""Take over a VM for this directory: its project was moved or renamed, or it was made without us.

It gets this directory's mounts, params, session and environment. Its disk stays, with everything that only a new disk
could change.
"""

from collections.abc import Mapping
from typing import Any

from sysinit_vm.config.document import Config
from sysinit_vm.effective import prepare
from sysinit_vm.errors import StateError
from sysinit_vm.lima.instance import STOPPED, Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.locks import vm_lock
from sysinit_vm.machine import facts
from sysinit_vm.ports import allocation, moves
from sysinit_vm.projects import locate, owners
from sysinit_vm.projects.project import Project, same
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.trust import approvals
from sysinit_vm.vm import permission, restore, validity
from sysinit_vm.vm.project_vm import ProjectVm
from sysinit_vm.vm.stop import reminding, shut_down

# What a VM was created with, and what a later start ignores or rejects if it changes (Lima 2.2.0).
_STAYS_WITH_THE_DISK = ("images", "firmware", "arch", "vmType", "mountType", "disk", "user")


def adopt(vm: ProjectVm, committed: Config, *, yes: bool) -> Instance:
    """Take over the VM that --name names, or else the one that the project left behind; return it.

    ``committed`` is the project's config, already approved. StateError if there is no such VM, if the VM has another
    project, or if this project has another VM. NotConfirmedError if the answer is no. VmError if the config is invalid
    or Lima refuses it. After an error nothing has changed, except that the VM may be stopped.
    """
    project = vm.target.required
    instance = _candidate(vm, project)
    if owners.belongs(instance, project):
        return instance
    why = "" if vm.target.explicit else f"{owners.question(instance, project)} "
    stops = " It is running and will be stopped." if instance.running else ""
    question = f"{why}Take over the VM {instance.name} of {owners.owner(instance)} for {project.root}?{stops}"
    if instance.lost:
        why = f"The VM {instance.name} has lost its lima.yaml, and no config of a start is kept."
        question = f"{why} Give it the config of {project.root}, and end what runs of it? Its disk stays."
    prompts.confirm(question, yes=yes, refusal_hint=f"sysinit-vm adopt --name {instance.name} --yes")
    _take_over(vm.lima, instance, project, committed)
    return instance


def offer(vm: ProjectVm, committed: Config | None) -> bool:
    """Before a start: offer the VM that the project left behind, or that lost its lima.yaml; whether it was taken over.

    StateError without a terminal; NotConfirmedError if the answer is no.
    """
    left = _lost(vm) or locate.left_behind(vm.instances, vm.target)
    if left is None or committed is None:
        return False
    if not prompts.can_ask():
        raise locate.unreadable(left) if left.lost else owners.moved(vm.instances, left, vm.target.required)
    adopt(vm, committed, yes=False)
    say(f"VM adopted: {left.name}")
    return True


def _lost(vm: ProjectVm) -> Instance | None:
    """Return the VM of the target's name if it lost its lima.yaml, and with that whose it is."""
    named = vm.instances.get(vm.target.name)
    return named if named is not None and named.lost else None


def _candidate(vm: ProjectVm, project: Project) -> Instance:
    wanted = vm.target
    own = locate.of_project(vm.instances, project)
    left = next(iter(own), None) or _lost(vm) or locate.left_behind(vm.instances, wanted)
    instance = vm.instances.get(wanted.name) if wanted.explicit else left
    if instance is None:
        raise StateError(
            f"There is no VM {wanted.name}." if wanted.explicit else f"No VM was left behind by {project.root}.",
            detail="To take over a VM with another name, pass --name.",
            hint="sysinit-vm list, then sysinit-vm adopt --name NAME",
        )
    if instance.unreadable and not instance.lost:
        raise locate.unreadable(instance)
    if own and own[0].name != instance.name:
        raise locate.second(project, own[0], wanted)
    former = instance.project_dir or approvals.project(instance.dir)
    if former and not same(former, project.root) and owners.has_config(former):
        raise StateError(
            f"The VM {instance.name} has a project: {former}.",
            detail=f"Its config is still there, so {project.root} cannot take the VM over.",
            hint="sysinit-vm start, which creates a VM for this directory",
        )
    return instance


def _take_over(lima: Limactl, instance: Instance, project: Project, committed: Config) -> None:
    with vm_lock(instance.name):
        now = lima.instance(instance.name)
        if now is None or now.project_dir != instance.project_dir:
            raise StateError(f"The VM {instance.name} has changed in the meantime.", hint="sysinit-vm status")
        if now.lost:
            _give_config(lima, now, project, committed)
            return
        present = instance.config()
        ports = allocation.kept(present, committed, moves.remembered(instance.dir))
        wanted = prepare.prepared(committed, project, instance.name, facts.gather(), ports)
        judged = permission.edited(now, _merged({**present.data, "mountType": now.mount_type}, wanted.data))
        for note in wanted.notes:
            say(f"  {note}")
        if now.running:
            validity.require(lima, judged, committed.path)
        if now.status != STOPPED:
            with Progress(f"Stopping VM: {now.name}") as progress, reminding(progress):
                shut_down(lima, now, progress.stage)
        lima.edit(judged)


def _give_config(lima: Limactl, instance: Instance, project: Project, committed: Config) -> None:
    """Make of the project's config what a new VM would get, for one whose own is lost."""
    wanted = prepare.prepared(committed, project, instance.name, facts.gather())
    judged = permission.judged(committed, project, instance.name, wanted.data)
    validity.require(lima, judged, committed.path)
    if not lima.runner.dry:
        restore.put(lima, instance, judged.text, "made of the project's config")


def _merged(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted config, with the keys that belong to the present disk."""
    stays = {key: present[key] for key in _STAYS_WITH_THE_DISK if key in present}
    return {**{key: value for key, value in wanted.items() if key not in _STAYS_WITH_THE_DISK}, **stays}
