"""What the account that types a command must have: a home directory, and a name.

A container that is started with another uid (``--user``), or a service, may have neither.
"""

import os
import pwd
from contextlib import suppress
from pathlib import Path

from sysinit_vm.errors import MissingError, UsageError


def require_home() -> None:
    """MissingError if the account has no home directory, by HOME or by its entry, or what cannot be one.

    HOME is set from now on: Python takes an empty one for /, and limactl 2.2.0 ends in a stack trace without one.
    UsageError for root by sudo that has kept the home of the account that typed it, as on a Mac.
    """
    home = os.environ.get("HOME") or _home_of_entry()
    if not home.startswith("/"):
        raise _without_home(f"HOME is not an absolute path: {home!r}.")
    place = next(path for path in (Path(home), *Path(home).parents) if os.path.lexists(path))
    if not os.path.isdir(place):  # noqa: PTH112  # is_dir raises in a closed directory
        raise _without_home(f"HOME is {home}, but {place} is not a directory.")
    os.environ["HOME"] = home
    refuse_sudo(Path(home))


def _home_of_entry() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError as error:
        raise _without_home(f"HOME is not set, and the uid {os.getuid()} has no entry in /etc/passwd.") from error


def _without_home(why: str) -> MissingError:
    return MissingError("This account has no home directory.", detail=why, hint="export HOME=/a/directory/that/stays")


def refuse_sudo(directory: Path) -> None:
    """UsageError if this is root by sudo, and ``directory`` (absolute) belongs to another account.

    Files of root would be left there, which that account could not change later.
    """
    user = by_sudo()
    with suppress(OSError):
        if user and directory.stat().st_uid:
            raise UsageError(
                f"You are root by sudo, and {directory} is not root's.",
                detail=f"Files of root would be left there, which {user} could not change any more. sysinit-vm asks "
                "for sudo itself where a step needs root.",
                hint="the same command without sudo",
            )


def by_sudo() -> str:
    """Return the account that typed sudo, if this is root by sudo; empty otherwise."""
    user = os.environ.get("SUDO_USER", "")
    return user if os.geteuid() == 0 and user != "root" else ""


def require_name() -> None:
    """MissingError if the account's uid has no entry: limactl 2.2.0 then ends in a stack trace, and ssh refuses."""
    try:
        pwd.getpwuid(os.getuid())
    except KeyError as error:
        raise MissingError(
            f"This account has no name: its uid {os.getuid()} has no entry in /etc/passwd.",
            detail="limactl and ssh refuse such an account.",
            hint=f"as root: useradd --uid {os.getuid()} --create-home dev",
        ) from error
