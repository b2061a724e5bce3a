"""The only module that imports filelock: one process at a time, with a message while others wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.terminal.console import say


@contextmanager
def held(path: Path, waiting_message: str) -> Iterator[bool]:
    """Hold the lock file ``path`` (absolute; parent directories are created); yield whether we had to wait for it.

    ``waiting_message`` is shown once if another process holds the lock. The system releases it when its holder dies.
    VmError if the file cannot be written.
    """
    import filelock

    lock, waited = filelock.FileLock(path), False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        say(waiting_message)
        waited = bool(lock.acquire())
    except OSError as error:
        raise files.unwritable(path, error) from error
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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=1)
    except filelock.Timeout:
        yield False
        return
    except OSError as error:
        raise files.unwritable(path, error) from error
    try:
        yield True
    finally:
        lock.release()


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
