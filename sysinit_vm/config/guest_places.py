"""Directories of a guest in which nothing of this machine can be mounted, because its own systemd deletes files there.

A mount is no protection: what the guest deletes in it is deleted on this machine.
"""

import os

_LOGOUT = "The guest's systemd deletes all that its user has below /dev/shm when the last login ends (RemoveIPC)."
_RUNTIME = "The guest mounts a directory of its own there when its user logs in, and removes it afterwards."
_OLD = "The guest's systemd deletes what is in it: at boot, or once it is some days old (systemd-tmpfiles)."


def deleted(place: str) -> str:
    """Return why files at ``place`` in the guest (absolute) would be lost on this machine too, empty if they stay.

    Below /tmp and /var/tmp a mount is safe: systemd-tmpfiles enters no other file system (tmpfiles.d(5)); RemoveIPC
    does (logind.conf(5); seen with systemd 252).
    """
    path = os.path.normpath(place)
    if path in {"/tmp", "/var/tmp"}:  # noqa: S108  # the guest's own
        return _OLD
    for above, why in (("/dev", _LOGOUT), ("/run/user", _RUNTIME)):
        if path == above or path.startswith(f"{above}/"):
            return why
    return ""
