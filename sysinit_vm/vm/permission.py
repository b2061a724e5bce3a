"""What limactl may be given: a project's config as this machine makes it effective, judged and allowed in stages.

Each stage needs an approval of its own: the config and the names of the files that it includes; then, when those were
taken, the whole of it; then what the user's own LIMA_HOME/_config adds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sysinit_vm import files, guest_writes
from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.effective import prepare
from sysinit_vm.errors import VmError, edit
from sysinit_vm.host_path import expanded
from sysinit_vm.images import available
from sysinit_vm.lima import disk_image
from sysinit_vm.lima.home import lima_home, machine_config, scratch
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.judged import JudgedConfig, JudgedInstance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import facts
from sysinit_vm.machine.facts import Facts
from sysinit_vm.ports import allocation
from sysinit_vm.projects import worktree
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal.console import say
from sysinit_vm.trust import approvals, gate, included, length, refusals, screen
from sysinit_vm.trust.danger import Danger, Level
from sysinit_vm.trust.references import Included
from sysinit_vm.trust.verdict import Verdict

FindLimactl = Callable[[], Limactl]


@dataclass(frozen=True)
class Stage:
    """One stage: the ``config`` so far, its ``data`` as limactl would be given it, and the ``verdict`` on that."""

    config: Config
    data: Mapping[str, Any]
    verdict: Verdict


@dataclass(frozen=True)
class Request:
    """A project's ``committed`` config, read once, for its VM ``name``; ``limactl`` is called only if it is needed."""

    committed: Config
    project: Project
    name: str
    limactl: FindLimactl

    def stages(self) -> Iterator[Stage]:
        """Yield the stages. Only whoever was allowed one may ask for the next: files are taken on the way there."""
        root, machine = self.project.root, facts.gather()
        taken, allowed = approvals.taken(root), list[Any]()
        while True:
            others = included.collect(self.committed, root, taken)
            if not others.missing:
                break
            stage = self._judged(self.committed, machine, others)
            allowed += stage.verdict.dangers
            yield stage
            taken |= {source: self._take(source) for source in others.missing}
            approvals.keep(root, taken)
        whole = self._whole(others) if others.references else self.committed
        stage = self._judged(whole, machine, others)
        verdict = stage.verdict.with_dangers(allowed)
        yield replace(stage, verdict=verdict)
        yield from self._with_machine_config(stage, verdict)

    def require(self) -> Config:
        """Return the whole config that may be made effective and given to limactl.

        On a terminal, what is not allowed yet is shown and asked; elsewhere NotConfirmedError (exit 5) gives the
        command that allows it.
        """
        config = self.committed
        for stage in self.stages():
            gate.require(stage.verdict)
            config = stage.config
        return config

    def require_alone(self) -> None:
        """As ``require``, but only the first stage: before anything is taken, and without limactl."""
        gate.require(next(self.stages()).verdict)

    def pending(self) -> Verdict:
        """Return the verdict of the first stage that is not allowed, or of the last one."""
        *_, last = self._reachable()
        return last

    def approve(self, typed: str) -> str:
        """Allow the stage that ``typed``, the beginning of a hash, stands for; return the whole hash.

        UsageError if no stage that can be reached has that hash now: what is allowed must be what was shown.
        """
        for verdict in self._reachable():
            whole = gate.approve(verdict, typed)
            if whole:
                return whole
        raise gate.wrong_hash(verdict, typed)

    def _reachable(self) -> Iterator[Verdict]:
        """Yield the verdict of each stage up to the first that is not allowed; there is always one."""
        for stage in self.stages():
            yield stage.verdict
            if not stage.verdict.allowed:
                return

    def trust(self) -> None:
        """Allow what `init` has just written: nobody else had a hand in it, whatever lies on the disk by now."""
        machine = facts.gather()
        keys = machine.ssh_dir or machine.home / ".ssh"  # which may be made later
        others = included.collect(self.committed, self.project.root, {})
        verdict = self._judged(self.committed, replace(machine, ssh_dir=keys), others).verdict
        approvals.save(self.project.root, approvals.items([danger for danger in verdict.dangers if self._says(danger)]))
        for danger in verdict.dangers:
            if danger.level == Level.RUNS:
                say(f"Note: this config {danger.words}.")

    def _says(self, danger: Danger) -> bool:
        """Whether the written config itself says it: no link of a guest leads there, nor is it another VM's doing."""
        if danger.where[0] != "mounts" or not isinstance(danger.value, dict):
            return not danger.of_this_machine
        entries = self.committed.data.get("mounts")
        shared = worktree.shared(self.project.root)
        meant = {(str(shared.directory), True)} if shared.of_clone else set()
        for entry in entries if isinstance(entries, list) else ():
            path = expanded(str(entry.get("location")))
            if not path.is_absolute() or path.is_relative_to(self.project.root):
                continue
            *links, means = guest_writes.links_passed(str(path))
            if not any(guest_writes.is_guests(link.parent) for link in links):
                meant.add((str(means), bool(entry.get("writable"))))
        return not danger.of_this_machine and (danger.value.get("means"), danger.value.get("writable")) in meant

    def _judged(self, config: Config, machine: Facts, others: Included) -> Stage:
        length.check(config)
        refusals.check(config)
        data = prepare.prepared(config, self.project, self.name, machine).data
        return Stage(config, data, gate.judge(data, config, self.project.root, self.name, others))

    def _take(self, source: str) -> str:
        return included.read_outside(Path(source)) if source.startswith("/") else self.limactl().fetch(source)

    def _whole(self, others: Included) -> Config:
        if not included.has_base(others):
            return included.with_scripts(others)
        root, key = self.project.root, others.fingerprint
        text = approvals.whole(root, key)
        if text is None:
            with scratch() as place:
                for name, content in included.as_files(others):
                    files.write(place / name, content, mode=0o600)
                text = self.limactl().put_together(place / "0.yaml")
            approvals.keep(root, others.taken, key, text)
        return replace(self.committed, data=document.parse(text, self.committed.path))

    def _with_machine_config(self, stage: Stage, verdict: Verdict) -> Iterator[Stage]:
        """What limactl would read with the user's own defaults in it, if there are any and they do more."""
        if not machine_config():
            return
        filled = self.limactl().filled(gate.passed(self.name, stage.data, verdict))
        more = gate.judge(filled, stage.config, self.project.root, self.name)
        if not set(more.items) <= set(verdict.items):
            yield replace(stage, verdict=verdict.with_dangers(more.dangers))


def judged(committed: Config, project: Project, name: str, data: Mapping[str, Any]) -> JudgedConfig:
    """Return ``data`` for limactl: what ``committed``, allowed before, becomes for ``project``'s new VM ``name``.

    It is judged once more, as it is, but for the numbers of its host ports, which we have chosen just now: as
    ``gate.require`` if it can do more than was allowed.
    """
    declared = allocation.entries(replace(committed, data=dict(data)), allocation.hosts(committed))
    verdict = gate.judge({**data, "portForwards": declared}, committed, project.root, name)
    config = gate.passed(name, data, verdict, ask=False)  # nobody can be asked while locks are held
    allowed = verdict.approval.items  # what the user's own defaults add is among it
    gate.remember(name, verdict, gate.judge(data, committed, project.root, name), allowed)
    return config


def unbuilt(committed: Config, project: Project, name: str) -> JudgedConfig:
    """Return what ``project``'s new VM ``name`` will be made from once our image is built: only for a look."""
    machine = facts.gather()
    data = prepare.prepared(committed, project, name, machine).data
    data["images"] = [{**available.debian_entry(machine.lima_home), "arch": data["arch"]}]
    return planned(committed, project, name, data)


def planned(committed: Config, project: Project, name: str, data: Mapping[str, Any]) -> JudgedConfig:
    """Return ``data``, what ``committed`` becomes for ``project``'s new VM ``name``, as ``judged``: only for a look."""
    return gate.passed(name, data, gate.judge(data, committed, project.root, name), ask=False)


def created(lima: Limactl, name: str, config: Path) -> JudgedInstance:
    """Return the instance ``name``, which was just made from ``config`` (absolute), for its first start.

    Lima combines mounts when it makes one, even by what it fills into their mount points. If the instance can do more
    than was allowed, it is deleted: VmError.
    """
    try:
        instance = lima.instance(name)
        judged = JudgedInstance.of(instance) if instance else None
        verdict = gate.judge_instance(instance) if instance else None
    except VmError:
        _delete(lima, name)
        raise
    foreign = disk_image.of_instance(instance.dir) if instance else ""
    if judged is not None and verdict is not None and verdict.allowed and not foreign:
        return judged
    if verdict is not None and not verdict.allowed:
        screen.tell(verdict)
    _delete(lima, name)
    if foreign:
        raise VmError(
            f"The image of {config} is refused.",
            detail=f"It keeps its data in another file of this machine: {foreign}. The VM is deleted unstarted.",
            hint=edit(config),
        )
    raise VmError(
        f"Lima makes more of {config} than it shows.",
        detail="Perhaps two mounts have the same mount point. The VM is deleted unstarted.",
        hint=edit(config),
    )


def _delete(lima: Limactl, name: str) -> None:
    lima.delete(name)
    approvals.forget(lima_home() / name)


def edited(instance: Instance, data: Mapping[str, Any], *, ports_moved: bool = False, ask: bool = True) -> JudgedConfig:
    """Return ``data`` for limactl, which the own config of ``instance`` is to become; as ``gate.require`` otherwise.

    ``ports_moved`` says that nothing but host ports, which we have chosen, is different. Without ``ask`` nobody is
    asked: the guest has just had the terminal, and may have typed ahead.
    """
    wanted = gate.judge_edited(instance, data)
    checked = gate.judge_instance(instance) if ports_moved else wanted
    config = gate.passed(instance.name, data, checked, ask=ask)
    gate.remember(instance.name, checked, wanted)
    return config


def proposed(instance: Instance, data: Mapping[str, Any]) -> JudgedConfig:
    """As ``edited``, but only for a look: the instance is not given it, so nothing is remembered for it."""
    return gate.passed(instance.name, data, gate.judge_edited(instance, data))
