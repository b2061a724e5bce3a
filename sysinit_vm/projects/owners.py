"""Whose a VM is, by the project directory that it carries; and which VMs were left behind by theirs."""

from pathlib import Path

from sysinit_vm.config import document
from sysinit_vm.config.params import PROJECT_DIR
from sysinit_vm.errors import StateError, VmError
from sysinit_vm.lima import names
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.projects import default_names, project
from sysinit_vm.projects.project import Project


def belongs(instance: Instance, to: Project) -> bool:
    """Whether a VM carries the project's directory, however either is spelled."""
    return instance.project_dir is not None and project.same(instance.project_dir, to.root)


def owner(instance: Instance) -> str:
    """Return whose a VM is, in words."""
    return str(instance.project_dir or "a directory that it does not name")


def left_behind(lima: Limactl, home: Project, name: str) -> Instance | None:
    """Return the VM that is ``home``'s in all but the directory that it carries, None where there is none.

    Either it was made for a directory that is gone, and stands as such in ``home``'s config or has its ``name``;
    or it was made without us, as by the seed's script, and mounts ``home``.
    """
    every, former = lima.instances(), _committed_directory(home)
    if any(belongs(each, home) for each in every):
        return None
    orphans = [each for each in every if each.project_dir and project.gone(each.project_dir)]
    found = [each for each in orphans if each.project_dir == former]
    found += [each for each in orphans if each.name == name]
    strangers = [each for each in every if not each.project_dir and not each.unreadable]
    return next(iter(found), None) or next((each for each in strangers if _mounts(lima, each, home)), None)


def ownerless(lima: Limactl) -> list[Instance]:
    """Return the VMs whose project's directory is gone, or has no config any more."""
    return [each for each in lima.instances() if each.project_dir and not has_config(each.project_dir)]


def has_config(root: Path) -> bool:
    """Whether ``root`` (absolute) still is a project, as far as one may look."""
    return not project.gone(Project(root).config)


def free_name(lima: Limactl, home: Project) -> str:
    """Return a name for a VM of ``home`` beside the default one, which no VM has yet."""
    longest = names.longest_vm_name(lima_home())
    return next(each for each in default_names.other_names(home.root, longest) if lima.instance(each) is None)


def moved(lima: Limactl, instance: Instance, home: Project) -> StateError:
    """Return what is said of a VM that was ``left_behind`` by ``home``."""
    return StateError(
        f"{question(instance, home)}",
        detail="" if instance.project_dir is None else f"If {home.root} is that project, moved, take the VM over.",
        hint=f"sysinit-vm adopt; or, for a VM of its own: sysinit-vm start --name {free_name(lima, home)}",
    )


def question(instance: Instance, home: Project) -> str:
    """Return what makes one ask whether ``instance`` is ``home``'s."""
    if instance.project_dir:
        return f"The VM {instance.name} was made for {instance.project_dir}, which is gone."
    return f"The VM {instance.name} was made without sysinit-vm, and mounts {home.root}."


def _committed_directory(home: Project) -> Path | None:
    """The directory that the committed config was rendered for, perhaps on another machine."""
    try:
        param = document.load(home.config).data.get("param")
    except VmError:
        return None
    text = param.get(PROJECT_DIR) if isinstance(param, dict) else None
    return Path(text) if isinstance(text, str) else None


def _mounts(lima: Limactl, instance: Instance, home: Project) -> bool:
    try:
        mounts = lima.config(instance).data.get("mounts")
    except VmError:
        return False
    places = [each.get("location") for each in mounts if isinstance(each, dict)] if isinstance(mounts, list) else []
    return any(isinstance(each, str) and _same(each, home.root) for each in places)


def _same(location: str, root: Path) -> bool:
    return project.same(Path.home() / location[2:] if location.startswith("~/") else Path(location), root)
