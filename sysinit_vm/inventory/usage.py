"""The resources that a VM uses now: memory and disk; and when it was created."""

from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.lima import recovery
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.instance_files import InstanceFiles

_BLOCK = 512  # bytes of a st_blocks, whatever the file system's own are (POSIX stat.h)


@dataclass(frozen=True)
class Usage:
    """``created`` in seconds since the epoch, ``resident`` and ``allocated`` in bytes; None if unknown."""

    created: float | None = None
    resident: int | None = None
    allocated: int | None = None


def of(instance: Instance) -> Usage:
    """Return the usage of a VM, from its files and its driver process."""
    return Usage(created(instance.files), resident(instance), allocated(instance.dir))


def created(files: InstanceFiles) -> float | None:
    """Return when an instance was created, in seconds since the epoch: Lima writes its version first, and only once."""
    for path in (files.version, files.lima_yaml, files.directory):
        try:
            return path.stat().st_mtime
        except OSError:
            continue
    return None


def resident(instance: Instance) -> int | None:
    """Return the memory in bytes that the VM's driver process holds, None if it does not run.

    The recorded process is checked first: after a crash the id can belong to any process.
    """
    process = recovery.lima_process(instance.driver_pid) if instance.driver_pid else None
    if process is None:
        return None
    import psutil

    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return None


def allocated(place: Path) -> int:
    """Return the bytes that ``place``, a file or a directory tree, uses on disk; links are not followed."""
    total, left = 0, [place]
    while left:
        path = left.pop()
        try:
            total += path.lstat().st_blocks * _BLOCK
            if path.is_dir() and not path.is_symlink():
                left += path.iterdir()
        except OSError:  # it has gone, or we may not look into it
            continue
    return total
