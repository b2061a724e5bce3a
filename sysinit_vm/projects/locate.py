"""Which VM a command means, and whose it is: never the wrong VM.

Lima's own instance list is the only registry: each VM carries its project's directory in ``param``.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.config import document
from sysinit_vm.errors import StateError, edit, typed
from sysinit_vm.lima import names
from sysinit_vm.lima.events import host_agent_ready
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.projects import default_names, owners, search
from sysinit_vm.projects.project import Project

NOT_CREATED = "not created"


@dataclass(frozen=True)
class Target:
    """What the command line means: ``directory`` is --project, ``source`` names who chose the VM's name."""

    project: Project | None
    name: str
    source: str
    directory: str | None = None

    @property
    def explicit(self) -> bool:
        """Whether --name chose the VM, which answers every doubt about whose it is; nothing else does."""
        return self.source == "--name"

    @property
    def required(self) -> Project:
        """The project; NoConfigError where there is none."""
        return self.project or search.require(self.directory)


@dataclass(frozen=True)
class Located:
    """``instance`` is the target's VM, None where it has none; ``foreign`` is another's VM of that name."""

    name: str
    instance: Instance | None = None
    foreign: Instance | None = None

    @property
    def status(self) -> str:
        """Lima's word for the VM's state, ``not created`` where there is none."""
        return self.instance.state if self.instance else NOT_CREATED


def target(directory: str | None, name: str | None) -> Target:
    """Resolve ``--project`` and ``--name``: the option, VM_NAME, the config's own, the directory's.

    NoConfigError where neither names a VM; UsageError for a name that Lima would not take.
    """
    longest = names.longest_vm_name(lima_home())
    found = search.find(directory)
    for source, said in (("--name", name), ("VM_NAME", os.environ.get("VM_NAME"))):
        if said:
            return Target(found, names.checked_vm_name(said, source=source, longest=longest), source, directory)
    found = found or search.require(directory)
    kept = document.load(found.config).vm_name
    if kept:
        source = f"param.VM_NAME in {found.config}"
        mend = edit(found.config)
        return Target(found, names.checked_vm_name(kept, source=source, longest=longest, hint=mend), source)
    return Target(found, default_names.vm_name(found.root, longest), "directory")


def kept(home: Project, name: str) -> Target:
    """Return what a config that was just written means, whatever VM_NAME says."""
    return Target(home, name, f"param.VM_NAME in {home.config}")


def locate(lima: Limactl, wanted: Target) -> Located:
    """Find the target's VM: the one of its name if that is its own, else any that carries its directory."""
    found = lima.instance(wanted.name)
    if (
        wanted.explicit
        or wanted.project is None
        or (found and (found.unreadable or owners.belongs(found, wanted.project)))
    ):
        return Located(wanted.name, found)
    own = of_project(lima, wanted.project)
    if own and wanted.source != "VM_NAME":
        return Located(own[0].name, own[0])
    return Located(wanted.name, None, found)


def of_project(lima: Limactl, home: Project) -> list[Instance]:
    """Return the VMs that were made for ``home``; more than one only where something other than us made it."""
    return [each for each in lima.instances() if owners.belongs(each, home)]


def left_behind(lima: Limactl, wanted: Target) -> Instance | None:
    """Return the VM that this project had before it was moved, or that was made without us; see ``owners``."""
    if wanted.project is None or wanted.explicit:
        return None
    return owners.left_behind(lima, wanted.project, wanted.name)


def own(lima: Limactl, wanted: Target) -> Located:
    """As ``locate``, but StateError where the name is another project's VM's, or the VM cannot be read."""
    found = locate(lima, wanted)
    if found.instance and found.instance.unreadable and not wanted.explicit:
        raise unreadable(found.instance)
    if found.foreign is None:
        return found
    raise _left(lima, wanted) or _anothers(lima, found.foreign, wanted)


def existing(lima: Limactl, wanted: Target) -> Instance:
    """Return the target's VM; StateError (exit 4) where it has none."""
    found = own(lima, wanted)
    if found.instance is None:
        raise _left(lima, wanted) or StateError(
            f"There is no VM {found.name}.", detail=_known(lima), hint="sysinit-vm start"
        )
    return found.instance


def running(lima: Limactl, wanted: Target) -> Instance:
    """Return the target's VM if it runs and has booted; StateError (exit 4) otherwise."""
    found = existing(lima, wanted)
    if not found.running:
        raise StateError(f"The VM {found.name} is not running: {found.state}.", hint="sysinit-vm start")
    if host_agent_ready(found) is None:
        raise StateError(f"The VM {found.name} is still booting.", hint="sysinit-vm start, which waits for it")
    return found


def guest_directory(instance: Instance, host: Path) -> str:
    """Return the guest directory that corresponds to the ``host`` one (absolute).

    Inside the VM's project it is the same path, elsewhere the project itself, ``/`` for a VM without one.
    """
    root = instance.project_dir
    return str(Project(root).corresponding(host)) if root else "/"


def unreadable(instance: Instance) -> StateError:
    """Return what is said of a VM that Lima cannot read."""
    half = not (instance.dir / "lima.yaml").exists()
    return StateError(
        f"The VM {instance.name} cannot be read.",
        detail=f"{instance.dir / 'lima.yaml'} is {'missing' if half else 'damaged'}, so Lima cannot use the VM.",
        hint=typed("rm", "-r", instance.dir) if half else f"sysinit-vm destroy --name {instance.name}",
    )


def second(home: Project, has: Instance, wanted: Target) -> StateError:
    """Return what is said where ``home`` would get a VM beside the one that it ``has``."""
    return StateError(
        f"{home.root} has a VM already: {has.name}.",
        detail=f"A project has one VM.{chosen(wanted)}",
        hint=f"sysinit-vm start --name {has.name}, or sysinit-vm destroy --name {has.name}",
    )


def _left(lima: Limactl, wanted: Target) -> StateError | None:
    left = left_behind(lima, wanted)
    return owners.moved(lima, left, wanted.required) if left else None


def _anothers(lima: Limactl, foreign: Instance, wanted: Target) -> StateError:
    home = wanted.required
    return StateError(
        f"The VM {foreign.name} belongs to another project.",
        detail=f"It was made for {owners.owner(foreign)}; this is {home.root}.{chosen(wanted)}",
        hint=f"sysinit-vm start --name {owners.free_name(lima, home)}, or in its own directory: "
        f"sysinit-vm destroy --name {foreign.name}",
    )


def chosen(wanted: Target) -> str:
    """Return a sentence about who chose the VM's name, empty where the directory's own name did."""
    return "" if wanted.source == "directory" else f" The name comes from {wanted.source}."


def _known(lima: Limactl) -> str:
    known = ", ".join(each.name for each in lima.instances())
    return f"VMs on this machine: {known}." if known else "This machine has no VM yet."
