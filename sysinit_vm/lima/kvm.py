"""Who may use KVM: this account, and if it was added to the device's group after it logged in, through sg."""

import enum
import grp
import os
import pwd
import shlex
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from sysinit_vm.executables import find

DEVICE = Path("/dev/kvm")
GROUP = "kvm"  # the only one to which anybody is added for this device


class Access(enum.Enum):
    """What this process may do with the device. JOINED: as OPEN, but only through ``as_member``."""

    NO_DEVICE = enum.auto()
    OPEN = enum.auto()
    JOINED = enum.auto()
    JOINABLE = enum.auto()
    CLOSED = enum.auto()


def access() -> Access:
    """Return what this process may do with the device; starts no process."""
    if sys.platform != "linux" or not DEVICE.exists():
        return Access.NO_DEVICE
    if os.access(DEVICE, os.R_OK | os.W_OK):
        return Access.OPEN
    members = _members()
    if members is None or not find("sg"):
        return Access.CLOSED
    return Access.JOINED if user() in members else Access.JOINABLE


def user() -> str:
    """Return the name of this account; its number if it has no entry."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def joining() -> str:
    """Return the command, as root types it, that adds this account to the group."""
    return shlex.join(("usermod", "-aG", GROUP, user()))


def _members() -> list[str] | None:
    """Return the members of the group that may open the device; None if the group is another or may not."""
    status = DEVICE.stat()
    try:
        group = grp.getgrgid(status.st_gid)
    except KeyError:
        return None
    may = stat.S_IRGRP | stat.S_IWGRP
    return group.gr_mem if group.gr_name == GROUP and status.st_mode & may == may else None


def as_member(argv: Sequence[str]) -> tuple[str, ...]:
    """Return ``argv`` as this process has to run it to use KVM: through sg if the account has JOINED, else as it is.

    The second sg gives files their usual group again, and keeps the first. Each waits for what it runs, and leaves it
    behind when it is ended itself: ``argv`` must end by itself, as limactl does when nobody reads its log.
    """
    if access() is not Access.JOINED:
        return tuple(argv)
    own = grp.getgrgid(os.getgid()).gr_name
    usual = shlex.join(("sg", own, "-c", f"exec {shlex.join(argv)}"))
    return ("sg", GROUP, "-c", f"exec {usual}")
