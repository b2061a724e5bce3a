"""What is measured: the processes of the soak's world, and the files that its commands write."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from tests.soak.world import NAME, SoakWorld

DISKS = ("disk", "diffdisk", "basedisk", "cidata.iso")
_KINDS = {"qemu": "QEMU", "hostagent": "host agent", "ssh": "ssh master"}
_SHARED_TMP = ("/tmp", "/var/tmp")
_OUR_NAMES = ("sysinit", "lima", "ssh-", "qemu", "vl.")  # other programs leave files there, too


def processes(world: SoakWorld) -> list[psutil.Process]:
    """Return what runs for this world: its home is in the process's environment, or its place in the words."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _belongs(process, world)]


def _belongs(process: psutil.Process, world: SoakWorld) -> bool:
    with contextlib.suppress(psutil.Error):
        if any(f"{world.place}/" in word for word in process.cmdline()):
            return True
        return process.environ().get("HOME") == world.env["HOME"]
    return False


def running(world: SoakWorld) -> dict[str, int]:
    """Return how many processes there are while the VM runs, with their descriptors and, by kind, their memory."""
    figures = {"processes, running": 0, "descriptors, running": 0}
    for process in processes(world):
        with contextlib.suppress(psutil.Error):
            words = " ".join(process.cmdline())
            kind = next((kind for word, kind in _KINDS.items() if word in words), "other")
            figures["processes, running"] += 1
            figures["descriptors, running"] += process.num_fds()
            name = f"memory, {kind}"
            figures[name] = figures.get(name, 0) + process.memory_info().rss
    return figures


def left(world: SoakWorld) -> dict[str, int]:
    """Return what is left when the VM is stopped: processes, and the number and bytes of files by place."""
    own = world.place
    instance = world.lima_home / NAME
    places = {
        "LIMA_HOME": world.lima_home,
        "cache": own / "cache",
        "config": own / "config",
        "data": own / "data",
        "state": own / "state",
        "home": own / "home",
        "project": world.projects,
        "TMPDIR": world.temporary,
    }
    figures = {"processes, left": len(processes(world))}
    for name, directory in places.items():
        found = list(_files(directory))
        figures[f"files, {name}"] = len(found)
        figures[f"bytes, {name}"] = sum(_bytes(path) for path in found if not _apart(path))
    figures["bytes, logs"] = sum(_bytes(path) for path in _files(instance) if path.suffix == ".log")
    figures["bytes, disk"] = sum(_bytes(instance / name) for name in DISKS)
    figures["files, /tmp"] = sum(1 for _ in _in_shared_tmp())
    return figures


def _files(directory: Path) -> Iterator[Path]:
    """Every file and directory below one; links are not followed."""
    for parent, directories, names in os.walk(directory):
        yield from (Path(parent, name) for name in (*directories, *names))


def _apart(path: Path) -> bool:
    return path.suffix == ".log" or path.name in DISKS


def _bytes(path: Path) -> int:
    """What a file uses on the disk: that of a VM has holes."""
    with contextlib.suppress(OSError):
        status = path.lstat()
        return status.st_blocks * 512 if path.name in DISKS else status.st_size
    return 0


def _in_shared_tmp() -> Iterable[str]:
    for directory in _SHARED_TMP:
        with os.scandir(directory) as entries:
            yield from (entry.path for entry in entries if entry.name.startswith(_OUR_NAMES))
