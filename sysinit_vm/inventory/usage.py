"""What a VM takes of this machine now: memory, disk, and since when it is there."""

from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.lima import recovery
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.instance_files import InstanceFiles

_BLOCK = 512  # bytes of a st_blocks, whatever the file system's own are (POSIX stat.h)


@dataclass(frozen=True)
class Usage:
    """``created`` in seconds since the epoch, ``resident`` and ``allocated`` in bytes; None if nobody can say."""

    created: float | None = None
    resident: int | None = None
    allocated: int | None = None


def of(instance: Instance) -> Usage:
    """Look at a VM's files and at the process that runs it."""
    return Usage(created(instance.files), resident(instance), allocated(instance.dir))


def created(files: InstanceFiles) -> float | None:
    """Return when an instance was made, in seconds since the epoch: Lima writes its version once and first."""
    for path in (files.version, files.lima_yaml, files.directory):
        try:
            return path.stat().st_mtime
        except OSError:
            continue
    return None


def resident(instance: Instance) -> int | None:
    """Return the memory that the VM's driver process holds; None if it does not run.

    The process of the recorded id is looked at: after a crash it can be anyone's.
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
    """Return what ``place``, a file or a directory with all in it, has on the disk; links are not followed."""
    total, left = 0, [place]
    while left:
        path = left.pop()
        try:
            total += path.lstat().st_blocks * _BLOCK
            if path.is_dir() and not path.is_symlink():
                left += path.iterdir()
        except OSError:  # gone meanwhile, or not ours to look into
            continue
    return total
