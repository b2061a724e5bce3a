"""What is no longer needed below LIMA_HOME, and its removal. Only what is ours is touched.

Ours are instances with a project's directory in ``param``, what our own locks stand for, and images that we built.
"""

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysinit_vm import lock
from sysinit_vm.errors import VmError
from sysinit_vm.files import read_or_empty
from sysinit_vm.host_path import resolved
from sysinit_vm.images import available
from sysinit_vm.inventory import usage
from sysinit_vm.inventory.listing import size
from sysinit_vm.lima import names, recovery
from sysinit_vm.lima.home import instance_directories, lima_home, own_directory
from sysinit_vm.lima.instance import STOPPED, Instance, Instances
from sysinit_vm.lima.instance_files import InstanceFiles
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.locks import ports_lock_file, vm_lock_file
from sysinit_vm.projects.locate import Target
from sysinit_vm.projects.project import gone
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.vm.destroy import delete
from sysinit_vm.vm.project_vm import ProjectVm

_BUILD = re.compile(r"(?P<series>sysinit-.+)-(?P<stamp>\d{8}-\d{6})\.(?:qcow2|vmlinuz|initrd|manifest)\Z")


@dataclass(frozen=True)
class Litter:
    """One thing to remove: ``kind`` is vm, half-made, image or lock; ``size`` in bytes; ``why`` it is not needed.

    ``paths`` are absolute, and none is a link. A ``running`` VM is removed only with --running.
    """

    kind: str
    name: str
    why: str
    paths: tuple[Path, ...]
    size: int
    running: bool = False

    def data(self) -> dict[str, Any]:
        """Return the JSON form; ``bytes`` is the size on disk."""
        paths = [str(path) for path in self.paths]
        return {
            "kind": self.kind,
            "name": self.name,
            "why": self.why,
            "paths": paths,
            "bytes": self.size,
            "running": self.running,
        }

    def row(self) -> tuple[str, ...]:
        """Return the cells of a table: kind, name, size, why."""
        return (self.kind, self.name, size(self.size), self.why + ("; it is running" if self.running else ""))


def find(instances: Instances) -> list[Litter]:
    """Return what can be removed: VMs whose project is gone, half-made instances, unused images, old locks."""
    return [*_vms(instances), *_halves(), *_images(instances), *_locks()]


def remove(lima: Limactl, litter: Iterable[Litter]) -> None:
    """Remove each item. If some cannot be removed, the others are; then VmError names those that remain."""
    failures = list[str]()
    with Progress("Removing what is no longer needed") as progress:
        for item in litter:
            progress.stage(f"{item.kind} {item.name}")
            try:
                _remove(lima, item, progress)
            except (VmError, OSError) as error:
                failures.append(f"{item.name}: {error}")
    if failures:
        raise VmError("Some items remain.", detail="\n".join(failures), hint="sysinit-vm prune")


def _remove(lima: Limactl, item: Litter, progress: Progress) -> None:
    if lima.runner.dry:
        return
    if InstanceFiles(item.paths[0]).has_config:
        _destroy(lima, item, progress)
        return
    if item.kind == "lock":
        _drop_locks(item.paths)
    elif item.kind == "half-made":
        _remove_half(InstanceFiles(item.paths[0]))
    else:
        for path in item.paths:
            path.unlink(missing_ok=True)


def _destroy(lima: Limactl, item: Litter, progress: Progress) -> None:
    """Delete a VM if it is still as shown: a drive may be back, or a start may have begun."""
    with ProjectVm.read(lima, Target(None, item.name, "--name")).locked() as vm:
        now = vm.located.instance
        if now is None or now.running > item.running or not (_has_lost_its_project(now) or _never_booted(now)):
            raise VmError("It is now in use.")
        delete(vm, progress)


def _remove_half(instance: InstanceFiles) -> None:
    """Remove half of an instance, unless another command works on it or has made it whole."""
    with lock.held_if_free(vm_lock_file(instance.name)) as free:
        if not free or instance.has_config or instance.denied():
            raise VmError("Another sysinit-vm is using it.")
        shutil.rmtree(instance.directory)


def _is_ours(instance: Instance) -> bool:
    """Whether an instance is ours. A link could lead anywhere, so what it leads to is not."""
    return instance.project_dir is not None and not instance.dir.is_symlink()


def _vms(instances: Iterable[Instance]) -> list[Litter]:
    litter = list[Litter]()
    for instance in instances:
        lost = _has_lost_its_project(instance)
        if lost or (_never_booted(instance) and _abandoned(instance.name)):
            kind, why = ("vm", f"{instance.project_dir} is gone") if lost else ("half-made", "it never booted")
            size = usage.allocated(instance.dir)
            litter.append(Litter(kind, instance.name, why, (instance.dir,), size, instance.running))
    return litter


def _has_lost_its_project(instance: Instance) -> bool:
    root = instance.project_dir
    return _is_ours(instance) and root is not None and gone(root)


def _never_booted(instance: Instance) -> bool:
    """Whether creation failed or was killed before the first boot: Lima calls such a VM stopped (2.2.0)."""
    its = instance.files
    return _is_ours(instance) and instance.status == STOPPED and not its.denied() and not its.began_to_boot


def _abandoned(name: str) -> bool:
    """Whether we once worked on it, and no command does now."""
    return vm_lock_file(name).exists() and not lock.is_held(vm_lock_file(name))


def _halves() -> list[Litter]:
    """Instances without a lima.yaml, which Lima neither starts nor deletes."""
    litter = list[Litter]()
    for path in instance_directories():
        files = InstanceFiles(path)
        if not names.is_legal(path.name) or path.is_symlink() or files.has_config or files.denied():
            continue
        if not (files.made_by_lima or _is_empty(path)) or (files.has_disk and files.began_to_boot):
            continue  # it is the user's own, or what is in it is: `start` or `adopt` mends it
        if _abandoned(path.name) and recovery.stale_pid_files(files) == files.pid_files:
            why = "Lima was killed while creating or deleting it"
            litter.append(Litter("half-made", path.name, why, (path,), usage.allocated(path)))
    return litter


def _images(instances: Iterable[Instance]) -> list[Litter]:
    """Our builds, except the newest of each series, those that a link leads to, and those that an instance names."""
    directory = available.directory(lima_home())
    if directory.is_symlink():
        return []
    paths = _entries(directory)
    builds = dict[tuple[str, str], list[Path]]()
    for path in paths:
        if (match := _BUILD.match(path.name)) and not path.is_symlink():
            builds.setdefault((match["series"], match["stamp"]), []).append(path)
    newest = {series: max(stamp for of, stamp in builds if of == series) for series, _ in builds}
    linked = {resolved(path).name for path in paths if path.is_symlink()}
    configs = "\n".join(read_or_empty(instance.files.lima_yaml) for instance in instances)
    return [
        Litter("image", f"{series}-{stamp}", "there is a newer one", tuple(files), sum(map(usage.allocated, files)))
        for (series, stamp), files in sorted(builds.items())
        if stamp != newest[series]
        if not linked & {path.name for path in files} and f"{series}-{stamp}." not in configs
    ]


def _locks() -> list[Litter]:
    """Locks of VMs that are gone, and configs that an interrupted start left beside them."""
    unused = [
        path
        for path in _entries(own_directory())
        if path.suffix in {".lock", ".yaml"} and path.stem != ports_lock_file().stem and not path.is_symlink()
        if not (lima_home() / path.stem).exists() and not lock.is_held(vm_lock_file(path.stem))
    ]
    if not unused:
        return []
    size = sum(map(usage.allocated, unused))
    name = "1 lock file" if len(unused) == 1 else f"{len(unused)} lock files"
    return [Litter("lock", name, "of VMs that are gone", tuple(unused), size)]


def _drop_locks(paths: tuple[Path, ...]) -> None:
    """Remove each lock, and what is beside it, while we hold it: two starts could hold it if one that is held went."""
    for name in dict.fromkeys(path.stem for path in paths):
        with lock.held_if_free(vm_lock_file(name)) as free:
            if free and not (lima_home() / name).exists():
                vm_lock_file(name).with_suffix(".yaml").unlink(missing_ok=True)
                vm_lock_file(name).unlink(missing_ok=True)


def _is_empty(directory: Path) -> bool:
    try:
        return not any(directory.iterdir())
    except OSError:
        return False


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []
