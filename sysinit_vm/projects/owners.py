"""Which project owns a VM, by the directory in its ``param``, and which VMs were left behind. Starts no process."""

from pathlib import Path

from sysinit_vm import guest_writes
from sysinit_vm.errors import StateError, VmError
from sysinit_vm.lima import names, silent
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instance, Instances
from sysinit_vm.projects import committed_config, default_names
from sysinit_vm.projects.project import Project, gone, same


def belongs(instance: Instance, to: Project) -> bool:
    """Whether a VM's recorded directory is the project's, however either path is spelled.

    A link in its place leads to another project: an update of a repository can bring one.
    """
    recorded = instance.project_dir
    return recorded is not None and (recorded == to.root or (same(recorded, to.root) and not _through_links(recorded)))


def _through_links(recorded: Path) -> bool:
    """Whether links have come into the path ``recorded``, which had none when the VM was made."""
    return len(guest_writes.links_passed(str(recorded))) > 1


def owner(instance: Instance) -> str:
    """Return the directory that a VM was made for, to show in a message."""
    return str(instance.project_dir or "an unknown directory")


def left_behind(instances: Instances, project: Project, name: str) -> Instance | None:
    """Return a VM that is ``project``'s although another directory is recorded in it, None if there is none.

    Either it was made for a directory that is gone, and ``project``'s config still names that directory or the VM has
    the ``name``. Or it was made without us, for example by the original script, and mounts ``project``.
    """
    if any(belongs(instance, project) for instance in instances):
        return None
    former = _committed_directory(project)
    orphans = [instance for instance in instances if instance.project_dir and _vanished(instance.project_dir)]
    candidates = [orphan for orphan in orphans if orphan.project_dir == former]
    candidates += [orphan for orphan in orphans if orphan.name == name]
    candidates += [instance for instance in instances if _made_without_us(instance) and _mounts(instance, project)]
    return next(iter(candidates), None)


def _vanished(recorded: Path) -> bool:
    return gone(recorded) or (not silent.is_silent(recorded) and _through_links(recorded))


def _made_without_us(instance: Instance) -> bool:
    return not instance.project_dir and not instance.unreadable


def ownerless(instances: Instances) -> list[Instance]:
    """Return the VMs whose project's directory is gone: one that only lost its config has not moved."""
    return [instance for instance in instances if instance.project_dir and gone(instance.project_dir)]


def has_config(root: Path) -> bool:
    """Whether ``root`` (absolute) still has a config; true if we have no permission to look."""
    return not gone(Project(root).config)


def free_name(instances: Instances, project: Project) -> str:
    """Return an alternative name for ``project``'s VM that no VM has yet."""
    longest = names.longest_vm_name(lima_home())
    return next(name for name in default_names.other_names(project.root, longest) if instances.get(name) is None)


def moved(instances: Instances, instance: Instance, project: Project) -> StateError:
    """Return the error for a VM that was ``left_behind`` by ``project``."""
    another = f"sysinit-vm start --name {free_name(instances, project)}"
    return StateError(
        question(instance, project),
        detail=""
        if instance.project_dir is None
        else f"If {project.root} is that project in a new place, take over the VM.",
        hint=f"sysinit-vm adopt; or, for a new VM: {another}",
    )


def question(instance: Instance, project: Project) -> str:
    """Return why ``instance`` might be ``project``'s."""
    if instance.project_dir:
        return f"The VM {instance.name} was made for {instance.project_dir}, which is gone."
    return f"The VM {instance.name} was made without sysinit-vm and mounts {project.root}."


def _committed_directory(project: Project) -> Path | None:
    """Return the directory that the committed config was rendered for, perhaps on another machine."""
    try:
        return committed_config.load(project).project_dir
    except VmError:
        return None


def _mounts(instance: Instance, project: Project) -> bool:
    try:
        mounts = instance.config().data.get("mounts")
    except VmError:
        return False
    entries = mounts if isinstance(mounts, list) else []
    locations = [mount.get("location") for mount in entries if isinstance(mount, dict)]
    return any(isinstance(location, str) and _means(location, project.root) for location in locations)


def _means(location: str, root: Path) -> bool:
    return same(Path.home() / location[2:] if location.startswith("~/") else Path(location), root)
