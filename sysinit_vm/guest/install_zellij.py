"""Zellij for a running guest that has none: this machine's copy, installed there by the guest's root."""

import hashlib
import os
from contextlib import nullcontext
from pathlib import Path

from sysinit_vm.background import repeat_every
from sysinit_vm.errors import VmError
from sysinit_vm.escaping import printable
from sysinit_vm.guest import scripts
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import compile_state, find_programs
from sysinit_vm.machine.host import Host
from sysinit_vm.runner import TIMED_OUT
from sysinit_vm.terminal.progress import Progress

_SECONDS = 300
_MEGABYTE = 1e6
_LONGEST = 300  # characters of what the guest says


def install(lima: Limactl, instance: Instance, progress: Progress | None = None) -> str:
    """Install this machine's Zellij in a running guest that has none; return why not, empty if it has one now.

    Only the program is sent, and not twice if it does not run there. It takes its place whole, once its SHA-256 is
    right and it has told its version there. ``progress`` is the task's that this is a stage of; without one it is a
    task of its own. No VmError: a guest without Zellij still gives a login shell.
    """
    try:
        program = find_programs.find_zellij_for(instance.arch)
        if program is None:
            return _none(instance.arch)
        with nullcontext(progress) if progress else Progress("The guest has no Zellij.") as shown:
            shown.stage("installing Zellij in the guest")
            return _send(lima, instance.name, program, shown)
    except VmError as error:
        return f"{error.brief.rstrip('.')}: {error.hint}"
    except OSError as error:
        return f"{error.filename} cannot be read: {error.strerror}"


def _none(arch: str) -> str:
    """Why this machine has none for a guest of ``arch``."""
    host = Host.read()
    compiling = compile_state.state(host) if host.arch == arch else None
    if compiling is None:
        return f"this machine has none for {arch}: sysinit-vm setup"
    if compiling.running:
        return f"{compiling.text}; once that is done, `shell` brings it"
    return f"{compiling.text}: {compiling.hint}"


def _send(lima: Limactl, name: str, program: Path, progress: Progress) -> str:
    with program.open("rb", buffering=0) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        length = file.tell()
        file.seek(0)

        def tell() -> None:  # the guest's side reads this same file, and so moves its position
            done = os.lseek(file.fileno(), 0, os.SEEK_CUR)
            progress.tell(f"{done / _MEGABYTE:.1f} of {length / _MEGABYTE:.1f} MB", share=done / max(length, 1))

        with repeat_every(1, tell):
            words = ("sh", "-c", scripts.read("install-zellij.sh"), "sh", digest)
            done = lima.feed(name, words, file, timeout=_SECONDS)
    if done.code == TIMED_OUT:
        return f"it took more than {_SECONDS} seconds"
    last_line = (done.err.strip().splitlines() or [f"exit status {done.code}"])[-1]
    return "" if done.ok else printable(last_line, _LONGEST)
