"""The only module that imports filelock: one process at a time, with a message while others wait."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from sysinit_vm import files, hints
from sysinit_vm.errors import VmError, typed
from sysinit_vm.terminal.console import say

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from sysinit_vm.terminal.progress import Stages

_LONGEST = 1000  # bytes of a lock file
_REPEATED = 60  # seconds between two words on who holds it
_WORDS = 60  # on who holds it, before the wait ends: longer than a build or a start takes


@contextmanager
def held(path: Path, waiting_message: str, stages: "Stages | None" = None, stage: str = "") -> Iterator[bool]:
    """Hold the lock file ``path`` (absolute; parent directories are created); yield whether we had to wait for it.

    ``waiting_message`` is shown each minute while another process holds the lock, with what that process is; ``stage``
    is shown in ``stages`` for as long as we wait. The system releases the lock when its holder dies. VmError if the
    file cannot be written, or if the lock is held for an hour more: its holder may be stopped.
    """
    lock, waited = _lock(path), False
    if not _acquired(lock, path, 0):
        waited = True
        if stages:
            stages.stage(stage)
        _wait(lock, path, waiting_message)
    _sign(path)
    try:
        yield waited
    finally:
        lock.release()


def _wait(lock: "BaseFileLock", path: Path, message: str) -> None:
    for _ in range(_WORDS):
        who = _holder(path)
        ends = "Ctrl-C in its terminal ends it; Ctrl-C here ends only the wait."
        say(f"{message}\n  {who[0]} {ends}" if who else message)
        if _acquired(lock, path, _REPEATED):
            return
    who = _holder(path)
    raise VmError(
        f"Another command has not ended for {lasting(_WORDS * _REPEATED)}.",
        detail=who[0] if who else f"It holds {path}.",
        hint=f"ps -f -p {who[1]}; if it is stopped: kill -CONT {who[1]}" if who else typed("lsof", path),
    )


@contextmanager
def held_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock file ``path`` (as ``held``) unless another process has it; yield whether we hold it.

    It waits a second for the lock, because ``is_held`` takes it for an instant.
    """
    lock = _lock(path)
    if not _acquired(lock, path, 1):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def lasting(seconds: float) -> str:
    """Return how long ``seconds`` are, as in ``4 minutes``: the largest unit of which there are two, rounded down."""
    amount, unit = next(
        ((int(seconds // size), unit) for size, unit in ((3600, "hour"), (60, "minute")) if seconds >= 2 * size),
        (max(0, int(seconds)), "second"),
    )
    return f"{amount} {unit}{'' if amount == 1 else 's'}"


def _sign(path: Path) -> None:
    """Write into the lock file ``path``, which we hold, who holds it: for whoever waits. Without that it locks too."""
    verb = hints.typed_verb()
    record = {"command": f"sysinit-vm {verb}" if verb else "", "process": os.getpid(), "since": time()}
    with suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(record, stream)


def _lock(path: Path) -> "BaseFileLock":
    """Return the lock of the file ``path``, whose mere existence must lock nothing: it stays when it is let go."""
    import filelock

    return filelock.FileLock(path, fallback_to_soft=False)  # without flock it is an OSError


def _holder(path: Path) -> tuple[str, int] | None:
    """Return a sentence about who holds the lock file ``path``, and its process id.

    None if the file does not say that, or has just changed.
    """
    try:
        record = json.loads(files.read(path, _LONGEST, own=True))
        command, process, since = str(record["command"]), int(record["process"]), float(record["since"])
        if process <= 0:  # which would mean a group
            return None
        os.kill(process, 0)  # only asks whether it lives
        duration = lasting(time() - since)
    except (OSError, OverflowError, ValueError, TypeError, LookupError):
        return None
    what = f"`{command}`, process {process}," if command else f"process {process},"
    return f"It is {what} for {duration}.", process


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
    if not path.exists():
        return False
    lock = _lock(path)
    try:
        lock.acquire(timeout=0)
    except OSError:  # a Timeout, or a file system that cannot be written
        return True
    lock.release()
    return False
