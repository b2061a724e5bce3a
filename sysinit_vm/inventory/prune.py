"""What nobody needs any more below LIMA_HOME, and its removal. Nothing that is not ours is touched.

Ours is: an instance that carries a project's directory, what our own locks stand for, and images that we built.
"""

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysinit_vm import lock
from sysinit_vm.errors import VmError
from sysinit_vm.images import available
from sysinit_vm.inventory import usage
from sysinit_vm.inventory.listing import size
from sysinit_vm.lima import names, recovery
from sysinit_vm.lima.home import lima_home, own_directory
from sysinit_vm.lima.instance import STOPPED, Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.projects import project
from sysinit_vm.projects.locate import Target
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.vm import lifecycle

_BUILD = re.compile(r"(?P<family>sysinit-.+)-(?P<stamp>\d{8}-\d{6})\.(?:qcow2|vmlinuz|initrd|manifest)\Z")


@dataclass(frozen=True)
class Litter:
    """One thing to remove: ``kind`` is vm, half-made, image or lock; ``size`` in bytes; ``why`` it is not needed.

    ``paths`` are absolute, and none is a link. ``running`` is a VM that runs, which goes only if that is wished.
    """

    kind: str
    name: str
    why: str
    paths: tuple[Path, ...]
    size: int
    running: bool = False

    def data(self) -> dict[str, Any]:
        """Return it for scripts; ``bytes`` is what it has on the disk."""
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
        """Return it for people: kind, name, size, why."""
        return (self.kind, self.name, size(self.size), self.why + (", but it runs" if self.running else ""))


def find(lima: Limactl) -> list[Litter]:
    """Return what can go: VMs whose project is gone, half-made instances, images that nobody uses, old locks."""
    every = lima.instances()
    return [*_vms(every), *_halves(), *_images(every), *_locks()]


def remove(lima: Limactl, litter: Iterable[Litter]) -> None:
    """Remove it, one after another; VmError names what stayed, when the rest is gone."""
    failed = list[str]()
    with Progress("Removing what nobody needs") as progress:
        for each in litter:
            progress.stage(f"{each.kind} {each.name}")
            try:
                _remove(lima, each)
            except (VmError, OSError) as error:
                failed.append(f"{each.name}: {error}")
    if failed:
        raise VmError("Some items remain.", detail="\n".join(failed), hint="sysinit-vm prune")


def _remove(lima: Limactl, each: Litter) -> None:
    if lima.runner.dry:
        return
    if (each.paths[0] / "lima.yaml").exists():
        _destroy(lima, each)
        return
    if each.kind == "lock":
        _drop_locks(each.paths)
        return
    if each.kind == "half-made" and lock.is_held(_lock(each.name)):
        raise VmError("Another sysinit-vm works on it.")
    for path in each.paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _destroy(lima: Limactl, each: Litter) -> None:
    """Delete a VM, if it still is what was shown: a drive may be back, a start may have begun meanwhile."""
    now = lima.instance(each.name)
    if now is None or now.running > each.running or each.name not in {one.name for one in _vms([now])}:
        raise VmError("It is in use now.")
    lifecycle.destroy(lima, Target(None, each.name, "--name"))


def _ours(instance: Instance) -> bool:
    """A link could lead anywhere, so what is behind one is not."""
    return instance.project_dir is not None and not instance.dir.is_symlink()


def _vms(every: Iterable[Instance]) -> list[Litter]:
    found = list[Litter]()
    for each in every:
        gone = _ours(each) and each.project_dir is not None and project.gone(each.project_dir)
        if gone or _never_booted(each):
            kind, why = ("vm", f"{each.project_dir} is gone") if gone else ("half-made", "it never booted")
            found.append(Litter(kind, each.name, why, (each.dir,), usage.allocated(each.dir), each.running))
    return found


def _never_booted(instance: Instance) -> bool:
    """Whether a create failed, or was ended, before the first boot: Lima calls it stopped (2.2.0)."""
    begun = (instance.dir / "ha.stderr.log").exists() or (instance.dir / "serial.log").exists()
    return _ours(instance) and instance.status == STOPPED and not begun and _abandoned(instance.name)


def _lock(name: str) -> Path:
    return own_directory() / f"{name}.lock"


def _abandoned(name: str) -> bool:
    """Whether we worked on it once, and nobody does now."""
    return _lock(name).exists() and not lock.is_held(_lock(name))


def _halves() -> list[Litter]:
    """Instances without a lima.yaml, which Lima neither starts nor deletes."""
    found = list[Litter]()
    for path in _entries(lima_home()):
        if not names.is_legal(path.name) or path.is_symlink() or not path.is_dir() or (path / "lima.yaml").exists():
            continue
        if _abandoned(path.name) and not any(recovery.is_lima_process(pid) for pid in path.glob("*.pid")):
            why = "Lima was ended while it made or deleted it"
            found.append(Litter("half-made", path.name, why, (path,), usage.allocated(path)))
    return found


def _images(every: Iterable[Instance]) -> list[Litter]:
    """Builds of ours but the newest of each kind, those that a link leads to, and those that an instance names."""
    place = available.directory(lima_home())
    if place.is_symlink():
        return []
    parts = _entries(place)
    builds = dict[tuple[str, str], list[Path]]()
    for path in parts:
        if (found := _BUILD.match(path.name)) and not path.is_symlink():
            builds.setdefault((found["family"], found["stamp"]), []).append(path)
    newest = {family: max(stamp for of, stamp in builds if of == family) for family, _ in builds}
    linked = {path.resolve().name for path in parts if path.is_symlink()}
    named = "\n".join(_text(each.dir / "lima.yaml") for each in every)
    return [
        Litter("image", f"{family}-{stamp}", "a newer one is used", tuple(files), sum(map(usage.allocated, files)))
        for (family, stamp), files in sorted(builds.items())
        if stamp != newest[family] and not linked & {each.name for each in files} and f"{family}-{stamp}." not in named
    ]


def _locks() -> list[Litter]:
    """Locks of VMs that are gone, and configs that an interrupted start left beside them."""
    home = lima_home()
    gone = [
        path
        for path in _entries(own_directory())
        if path.suffix in {".lock", ".yaml"} and path.stem != "ports" and not path.is_symlink()
        if not (home / path.stem).exists() and not lock.is_held(path.with_suffix(".lock"))
    ]
    if not gone:
        return []
    return [Litter("lock", f"{len(gone)} files", "of VMs that are gone", tuple(gone), sum(map(usage.allocated, gone)))]


def _drop_locks(paths: Iterable[Path]) -> None:
    for path in paths:
        if not lock.is_held(path.with_suffix(".lock")):
            path.unlink(missing_ok=True)


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
