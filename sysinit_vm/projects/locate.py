"""Which VM a command means, and which project that VM belongs to. Starts no process.

Lima's own instance list is the only registry: each VM carries its project's directory in ``param``.
"""

import os
from dataclasses import dataclass

from sysinit_vm.config.document import Config
from sysinit_vm.config.params import VM_NAME
from sysinit_vm.errors import StateError, VmError, edit, typed
from sysinit_vm.lima import names, recovery
from sysinit_vm.lima.events import host_agent_ready
from sysinit_vm.lima.home import lima_home, machine_config
from sysinit_vm.lima.instance import Instance, Instances
from sysinit_vm.projects import committed_config, default_names, owners, search
from sysinit_vm.projects.project import Project

NOT_CREATED = "not created"


@dataclass(frozen=True)
class Target:
    """What the command line means: ``directory`` is --project, ``source`` is where ``name`` comes from.

    ``problem`` says why the project's config cannot be used, None if it can: nobody knows then which name it gives, but
    a VM that was made for the project is found by its directory, and can be stopped and deleted.
    """

    project: Project | None
    name: str
    source: str
    directory: str | None = None
    problem: VmError | None = None

    @property
    def explicit(self) -> bool:
        """Whether --name chose the VM; only --name may select another project's VM."""
        return self.source == "--name"

    def agrees(self, committed: Config) -> bool:
        """Whether ``committed``, the project's config as it was read afterwards, still gives the name that it gave."""
        if self.project is None or not self.source.startswith(f"param.{VM_NAME}"):
            return True
        default = default_names.vm_name(self.project.root, names.longest_vm_name(lima_home()))
        return self.name == (committed.vm_name or default)

    @property
    def required(self) -> Project:
        """The project; NoConfigError if there is none."""
        return self.project or search.require(self.directory)


@dataclass(frozen=True)
class Located:
    """``instance`` is the target's VM, None if it has none; ``foreign`` is another project's VM of that name."""

    name: str
    instance: Instance | None = None
    foreign: Instance | None = None

    @property
    def status(self) -> str:
        """Lima's name for the VM's state, or ``not created``."""
        return self.instance.state if self.instance else NOT_CREATED


def target(directory: str | None, name: str | None) -> Target:
    """Resolve ``--project`` and ``--name``: the option, VM_NAME, the config's own, the directory's.

    NoConfigError if neither names a VM; UsageError if Lima would not accept the name, or if the directory cannot be a
    project. With --name that is as if there were none. A config that cannot be used is the target's ``problem``.
    """
    longest = names.longest_vm_name(lima_home())
    for source, value, look in (
        ("--name", name, search.usable),
        ("VM_NAME", os.environ.get("VM_NAME"), search.find),
    ):
        if value:
            wanted = names.checked_vm_name(value, source=source, longest=longest)
            return Target(look(directory), wanted, source, directory)
    project = search.require(directory)
    name_of_directory = default_names.vm_name(project.root, longest)
    try:
        committed_name = committed_config.load(project).vm_name
        if committed_name:
            source = f"param.{VM_NAME} in {project.config}"
            hint = edit(project.config)
            wanted = names.checked_vm_name(committed_name, source=source, longest=longest, hint=hint)
            return Target(project, wanted, source)
    except VmError as error:
        return Target(project, name_of_directory, "directory", problem=error)
    return Target(project, name_of_directory, "directory")


def just_written(project: Project, name: str) -> Target:
    """Return the target of a config that was just written, whatever VM_NAME is."""
    return Target(project, name, f"param.{VM_NAME} in {project.config}")


def locate(instances: Instances, wanted: Target) -> Located:
    """Find the target's VM: the one with its name if it belongs to the project, else any that belongs to it.

    If there is none, and what is wrong with the project's config hides which name it gives: that VmError.
    """
    namesake = instances.get(wanted.name)
    if wanted.explicit or wanted.project is None or (namesake and _is_its_own(namesake, wanted.project)):
        return Located(wanted.name, namesake)
    own = of_project(instances, wanted.project)
    if own and wanted.source != "VM_NAME":
        return Located(own[0].name, own[0])
    if wanted.problem:
        raise wanted.problem
    return Located(wanted.name, None, namesake)


def _is_its_own(namesake: Instance, project: Project) -> bool:
    """Whether a VM of the project's name is its own, as far as we know whose it is."""
    return owners.belongs(namesake, project) or (namesake.unreadable and namesake.project_dir is None)


def of_project(instances: Instances, project: Project) -> list[Instance]:
    """Return the VMs that were made for ``project``; there is more than one only if another tool made it."""
    return [instance for instance in (*instances, *instances.lost) if owners.belongs(instance, project)]


def left_behind(instances: Instances, wanted: Target) -> Instance | None:
    """Return the VM that this project had before it was moved, or one made without us; see ``owners``."""
    if wanted.project is None or wanted.explicit:
        return None
    return owners.left_behind(instances, wanted.project, wanted.name)


def own(instances: Instances, wanted: Target, *, to_end: bool = False) -> Located:
    """As ``locate``, but StateError if the VM of that name is another project's, or cannot be read.

    ``to_end`` means to stop or delete it: for that, one that Lima cannot read needs to be the project's only. One that
    we may not read is used for nothing else, even by its name.
    """
    located = locate(instances, wanted)
    if located.instance and located.instance.unreadable:
        ours = wanted.project is not None and owners.belongs(located.instance, wanted.project)
        meant = wanted.explicit or (to_end and ours)
        if not meant or (located.instance.files.denied() and not to_end):
            raise unreadable(located.instance)
    if located.foreign is None:
        return located
    raise _left(instances, wanted) or _anothers(instances, located.foreign, wanted)


def existing(instances: Instances, wanted: Target, *, to_end: bool = False) -> Instance:
    """Return the target's VM; StateError (exit 4) if it has none. ``to_end`` is as for ``own``."""
    located = own(instances, wanted, to_end=to_end)
    if located.instance is None:
        raise _left(instances, wanted) or absent(instances, wanted, located.name, to_end=to_end)
    return located.instance


def absent(instances: Instances, wanted: Target, name: str, *, to_end: bool = False) -> StateError:
    """Return the error for a VM ``name`` that is not there. Nobody makes one to stop or delete it."""
    closest = default_names.closest(name, [instance.name for instance in instances]) if wanted.explicit else []
    hint = "sysinit-vm list" if to_end or wanted.explicit else "sysinit-vm start"
    if closest:
        hint = f"the same command with {typed('--name', closest[0])}"
    detail = f"There is nothing to stop or delete. {_listed(instances)}" if to_end else _listed(instances)
    return StateError(f"There is no VM {name}.", detail=detail, hint=hint)


def running(instances: Instances, wanted: Target) -> Instance:
    """Return the target's VM if it runs and has booted; StateError (exit 4) otherwise."""
    instance = existing(instances, wanted)
    if instance.unreadable:
        raise unreadable(instance)
    start = typed("sysinit-vm", "start", *(["--name", instance.name] if wanted.explicit else []))
    if not instance.running:
        raise StateError(f"The VM {instance.name} is not running: {instance.state}.", hint=start)
    if host_agent_ready(instance) is None:
        raise StateError(f"The VM {instance.name} is still booting.", hint=f"{start}, which waits for it")
    return instance


def unreadable(instance: Instance) -> StateError:
    """Return the error for a VM that Lima cannot use: it is closed to us, or its lima.yaml is no use to Lima.

    What mends it is in the hint, and nothing that loses a disk if there is another way.
    """
    its, name, brief = instance.files, instance.name, f"The VM {instance.name} cannot be used."
    lima_yaml, destroy = its.lima_yaml, typed("sysinit-vm", "destroy", "--name", instance.name)
    if denied := its.denied():
        return StateError(brief, detail=f"{denied.brief} {denied.detail}", hint=denied.hint)
    why = f"{lima_yaml} is {'damaged' if os.path.lexists(lima_yaml) else 'missing'}, so Lima cannot use the VM."
    if instance.silent:
        why = f"{instance.silent}, which it mounts, does not answer. Perhaps the server of its file system is gone."
        return StateError(brief, detail=why, hint="mount")
    if instance.restorable:
        why += " Its disk is there, and the config of its last start is kept: start restores it."
        return StateError(brief, detail=why, hint=typed("sysinit-vm", "start", "--name", name))
    if instance.lost:
        why += " Its disk is there, and no config of a start is kept: the project's own can take its place."
        adopt = typed("sysinit-vm", "adopt", "--name", name)
        return StateError(brief, detail=why, hint=f"{adopt} in its project. To delete it with its disk: {destroy}")
    if not os.path.lexists(lima_yaml):
        stray = ("sysinit-vm", "stop", "--name", name) if recovery.own_processes(its) else ("rm", "-r", its.directory)
        return StateError(brief, detail=why, hint=destroy if its.made_by_lima else typed(*stray))
    if path := instance.no_directory or instance.no_playbook:
        what = "mounted in it, and is no directory" if instance.no_directory else "a playbook of it, and is missing"
        return StateError(brief, detail=f"{path} is {what}, so Lima refuses the VM.", hint=typed("ls", "-ld", path))
    if instance.intact:
        added = f", or what {lima_home() / '_config'} adds to it" if machine_config() else ""
        why = f"limactl cannot list what {lima_yaml} says{added}; perhaps it can by now, if that was just restored."
        validate = typed("limactl", "validate", lima_yaml)
        return StateError(brief, detail=why, hint=f"{typed('sysinit-vm', 'status', '--name', name)}, or {validate}")
    return StateError(brief, detail=why, hint=f"{edit(lima_yaml)}, or {destroy}" if its.has_disk else destroy)


def second(project: Project, present: Instance, wanted: Target) -> StateError:
    """Return the error for a second VM of ``project``, which already has ``present``."""
    return StateError(
        f"{project.root} already has a VM: {present.name}.",
        detail=f"A project can have only one VM.{chosen(wanted)}",
        hint=f"sysinit-vm start --name {present.name}, or sysinit-vm destroy --name {present.name}",
    )


def misnamed(instances: Instances, project: Project, present: Instance, wanted: Target) -> StateError:
    """Return the error for a --name that no VM has, where ``project`` already has ``present``.

    The name may be mistyped, so the hint names the nearest VM, and nothing that deletes.
    """
    closest = default_names.closest(wanted.name, [instance.name for instance in instances]) or [present.name]
    return StateError(
        f"There is no VM {wanted.name}.",
        detail=f"{project.root} already has a VM: {present.name}. A project can have only one. {_listed(instances)}",
        hint=f"the same command with {typed('--name', closest[0])}",
    )


def _left(instances: Instances, wanted: Target) -> StateError | None:
    left = left_behind(instances, wanted)
    return owners.moved(instances, left, wanted.required) if left else None


def _anothers(instances: Instances, foreign: Instance, wanted: Target) -> StateError:
    project = wanted.required
    return StateError(
        f"The VM {foreign.name} belongs to another project.",
        detail=f"It was made for {owners.owner(foreign)}; this is {project.root}.{chosen(wanted)}",
        hint=f"sysinit-vm start --name {owners.free_name(instances, project)}, or in the other project's directory: "
        f"sysinit-vm destroy --name {foreign.name}",
    )


def chosen(wanted: Target) -> str:
    """Return a sentence about where the VM's name comes from; empty if it comes from the directory."""
    return "" if wanted.source == "directory" else f" The name comes from {wanted.source}."


def _listed(instances: Instances) -> str:
    listed = ", ".join(instance.name for instance in instances)
    return f"VMs on this machine: {listed}." if listed else "This machine has no VM yet."
