"""The only module that imports filelock: one process at a time, with a message while others wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sysinit_vm import files
from sysinit_vm.terminal.console import say

if TYPE_CHECKING:
    from filelock import BaseFileLock


@contextmanager
def held(path: Path, waiting_message: str) -> Iterator[bool]:
    """Hold the lock file ``path`` (absolute; parent directories are created); yield whether we had to wait for it.

    ``waiting_message`` is shown once if another process holds the lock. The system releases it when its holder dies.
    VmError if the file cannot be written.
    """
    import filelock

    lock, waited = filelock.FileLock(path), False
    if not _acquired(lock, path, 0):
        say(waiting_message)
        waited = bool(lock.acquire())
    try:
        yield waited
    finally:
        lock.release()


@contextmanager
def held_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock file ``path`` (as ``held``) unless another process has it; yield whether we hold it.

    It waits a second for the lock, because ``is_held`` takes it for an instant.
    """
    import filelock

    lock = filelock.FileLock(path)
    if not _acquired(lock, path, 1):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _acquired(lock: "BaseFileLock", path: Path, seconds: float) -> bool:
    """Whether ``lock`` is ours after at most ``seconds``; VmError if its file ``path`` cannot be written."""
    import filelock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=seconds)
    except filelock.Timeout:
        return False
    except OSError as error:
        raise files.unwritable(path, error) from error
    return True


def is_held(path: Path) -> bool:
    """Whether a live process holds the lock file ``path`` (absolute), or that cannot be told."""
    import filelock

    if not path.exists():
        return False
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except OSError:  # a Timeout, or a file system that cannot be written
        return True
    lock.release()
    return False
