"""limactl refuses uid 0, so root runs it in a user namespace in which root appears as an ordinary account.

The files stay root's own, and later calls from another shell see the same VMs. bubblewrap makes the namespace; nothing
on the machine changes but one file in the user's cache directory.
"""

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sysinit_vm import files, user_directories
from sysinit_vm.errors import MissingError
from sysinit_vm.executables import find

_UID = 1000
_NAME = "dev"  # the guest's user, because Lima refuses one called root


@dataclass(frozen=True)
class Account:
    """How limactl is run: the words before its own, and its environment variables."""

    prefix: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def current_account() -> Account:
    """Return how this process's user runs limactl; MissingError if root has no bubblewrap."""
    if os.geteuid() != 0:
        return Account()
    bwrap = find("bwrap")
    if not bwrap:
        raise MissingError(
            "limactl does not run as root, and bubblewrap is not installed.",
            detail="With bubblewrap, root appears to limactl as an ordinary account.",
            hint="sysinit-vm setup, or work as an ordinary account",
        )
    passwd = _passwd(pwd.getpwall(), Path.home())
    path = files.require_private(user_directories.cache(), may_be_file=True) / "passwd"
    if files.read_or_empty(path) != passwd:
        files.write(path, passwd)
    identity = ("--unshare-user", "--uid", str(_UID), "--gid", str(_UID))
    words = (
        str(bwrap),
        "--die-with-parent",
        "--dev-bind",
        "/",
        "/",
        *identity,
        "--ro-bind",
        str(path),
        "/etc/passwd",
        "--",
    )
    return Account(words, {"USER": _NAME, "LOGNAME": _NAME})


def uid() -> int:
    """Return the user id that this process's user has to limactl."""
    return os.geteuid() or _UID


def _passwd(entries: list[pwd.struct_passwd], home: Path) -> str:
    kept = [entry for entry in entries if entry.pw_uid != _UID and entry.pw_name != _NAME]
    lines = [":".join(map(str, entry)) for entry in kept]
    return "\n".join([f"{_NAME}:x:{_UID}:{_UID}::{home}:/bin/bash", *lines, ""])
