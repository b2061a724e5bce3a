"""Whether other accounts of this machine may write a file or directory: by its mode, its group, and its ACL."""

import grp
import os
import pwd
import stat
from contextlib import suppress

_ROOT = 0
_ACL = "system.posix_acl_access"


def may_write(place: "os.PathLike[str] | int", status: os.stat_result) -> bool:
    """Whether others than its owner and root may write ``place`` (absolute, or a handle), which has this ``status``.

    Others are everyone, the accounts of a group that is not the owner's alone, and those that an ACL of Linux names.
    """
    if status.st_mode & stat.S_IWGRP and (_has_acl(place) or not _is_own(status.st_gid, status.st_uid)):
        return True
    return bool(status.st_mode & stat.S_IWOTH)


def _has_acl(place: "os.PathLike[str] | int") -> bool:
    """Whether there is an ACL, whose mask then is what the mode shows as the group's permissions (acl(5))."""
    if hasattr(os, "getxattr"):
        with suppress(OSError):
            return bool(os.getxattr(place, _ACL))
    return False


def _is_own(group_id: int, owner: int) -> bool:
    """Whether the account ``owner`` is the only one in the group. One that this machine does not know is alone there.

    No group lists the accounts whose primary one it is, and a directory service such as SSSD may list no accounts: a
    group is then taken for the owner's own if it is named after it.
    """
    try:
        account, group = pwd.getpwuid(owner), grp.getgrgid(group_id)
    except KeyError:
        return True
    if account.pw_gid != group_id or set(group.gr_mem) - {account.pw_name}:
        return False
    listed = pwd.getpwall()
    if owner not in {entry.pw_uid for entry in listed} and group.gr_name != account.pw_name and group_id != owner:
        return False
    return not any(entry.pw_gid == group_id and entry.pw_uid not in {owner, _ROOT} for entry in listed)
