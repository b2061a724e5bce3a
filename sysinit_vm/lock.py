"""The only module that imports filelock: one at a time, and waiting says for whom."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sysinit_vm.terminal.console import say


@contextmanager
def held(path: Path, waiting: str) -> Iterator[bool]:
    """Hold the lock file ``path`` (absolute; parents are made), and tell whether it had to be waited for.

    ``waiting`` is said once where another process holds it. The system releases it when its holder dies.
    """
    import filelock

    path.parent.mkdir(parents=True, exist_ok=True)
    lock, waited = filelock.FileLock(path), False
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        say(waiting)
        waited = bool(lock.acquire())
    try:
        yield waited
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a process that lives holds the lock file ``path`` (absolute)."""
    import filelock

    if not path.exists():
        return False
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    lock.release()
    return False
