"""Why a VM did not start, by what limactl said, the guest's console, and the disk."""

import shutil
from contextlib import suppress
from pathlib import Path

from sysinit_vm.errors import VmError, typed
from sysinit_vm.lima import guest_console, names
from sysinit_vm.lima.home import instance_directories
from sysinit_vm.lima.instance_files import InstanceFiles
from sysinit_vm.lima.messages import reason
from sysinit_vm.runner import Result

_LEAST_FREE = 16  # MiB


def require_up(done: Result, files: InstanceFiles, hint: str = "sysinit-vm logs") -> None:
    """VmError with the reason and the guest's last lines, unless ``done``, a start, went well; ``hint`` is to type."""
    if done.ok:
        return
    why = reason(done.err or done.out)
    strays = [path for path in instance_directories() if not names.is_legal(path.name) and path.name[0] not in "_."]
    if strays and "is not a valid identifier" in why:  # Lima reads the names of all before it starts one (2.2.0)
        hint = f"{typed('mv', strays[0], Path.home())}, then sysinit-vm start"
    why += _perhaps_the_shell(files)
    if full := _full_disk(files):
        why, hint = f"{why}\n{full}", typed("df", "-h", files.directory.parent)
    raise VmError(
        f"The VM {files.name} did not start.", detail="\n".join(filter(None, [why, last_words(files)])), hint=hint
    )


def last_words(files: InstanceFiles) -> str:
    """Return the last lines of the guest's console with a line that says so; empty if there are none."""
    console = guest_console.last_lines(files, 12)
    return f"The guest's last lines:\n{console}" if console else ""


def _full_disk(files: InstanceFiles) -> str:
    """Name a full disk: the host agent ends without a word if it cannot write its log (2.2.0)."""
    with suppress(OSError):
        free = shutil.disk_usage(files.directory.parent).free // 2**20
        if free < _LEAST_FREE:
            return f"There is no space left on the disk of {files.directory.parent}: {free} MiB are free."
    return ""


def _perhaps_the_shell(files: InstanceFiles) -> str:
    """Name a shell that sshd lets nobody log in without. Our own image gives /bin/bash instead."""
    with suppress(VmError):
        user = files.config().data.get("user")
        if shell := isinstance(user, dict) and user.get("shell"):
            return f"\nIf the guest has no {shell} (user.shell), nobody can log in."
    return ""
