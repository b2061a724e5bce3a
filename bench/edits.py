"""Whether a guest sees the host's edits of a mounted file whole and at once.

A shell in the guest reads a file when told to. The host changes a file that the guest has just read, has it read again,
and compares the result with the file.
"""

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.machine import Machine
from sysinit_vm.errors import VmError

ROUNDS = 50
_READER = 'while IFS= read -r file; do { sha256sum <"$file" || echo none; } 2>/dev/null; done'


def count_unseen(machine: Machine, share: Path) -> dict[str, int]:
    """Return how many of ``ROUNDS`` edits of each kind in ``share`` the guest did not see whole and at once."""
    with _reader(machine) as read:
        return {name: _count(edit, share / f"edited-{name}", read) for name, edit in EDITS.items()}


def _count(edit: Callable[[Path, int], None], file: Path, read: Callable[[Path], str]) -> int:
    missed = 0
    for number in range(ROUNDS):
        if edit is not appear:
            file.write_bytes(_content(number, 3 * 4096 + number))
        read(file)
        edit(file, number)
        missed += read(file) != hashlib.sha256(file.read_bytes()).hexdigest()
        if edit is appear:
            file.unlink()
            read(file)
    return missed


def replace(file: Path, number: int) -> None:
    """Put another file in the file's place, as editors and git do."""
    fresh = file.with_suffix(".new")
    fresh.write_bytes(_content(number + 100, 5 * 4096 - number))
    fresh.replace(file)


def append(file: Path, number: int) -> None:
    """Make the file longer."""
    with file.open("ab") as stream:
        stream.write(_content(number, 4096 + number))


def truncate(file: Path, number: int) -> None:
    """Make the file shorter."""
    with file.open("r+b") as stream:
        stream.truncate(4096 + number)


def rewrite(file: Path, number: int) -> None:
    """Change the file in place, at the same length."""
    length = file.stat().st_size
    with file.open("r+b") as stream:
        stream.write(_content(number + 7, length))


def appear(file: Path, number: int) -> None:
    """Create the file after the guest has found none."""
    file.write_bytes(_content(number, 4096))


EDITS = {"replace": replace, "append": append, "truncate": truncate, "rewrite": rewrite, "appear": appear}


def _content(number: int, length: int) -> bytes:
    return (f"{number:04d} " * (length // 5 + 1)).encode()[:length]


@contextlib.contextmanager
def _reader(machine: Machine) -> Iterator[Callable[[Path], str]]:
    argv = machine.lima.shell_argv(machine.name, ["sh", "-c", _READER], "/")
    env = {**os.environ, **machine.lima.account.env}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        yield lambda file: _answer(process, file)
        process.communicate()


def _answer(process: subprocess.Popen[str], file: Path) -> str:
    if process.stdin is None or process.stdout is None or process.poll() is not None:
        raise VmError("The guest's reader ended.")
    process.stdin.write(f"{file}\n")
    process.stdin.flush()
    return process.stdout.readline().partition(" ")[0].strip()
