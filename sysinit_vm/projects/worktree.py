"""The git directory that a worktree shares with its repository, believed only where both point at each other.

The guest writes the project, so it can write any path into ``.git``. The directory is mounted only where a file
outside the project, which no guest wrote, names this very project (gitrepository-layout(5), git-worktree(1)).
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.lima.home import lima_home
from sysinit_vm.projects import search

_LONGEST = 2**13  # a path and a word
_SHAPE = ("HEAD", "objects", "refs")  # what every git directory has; a directory of other things has not


@dataclass(frozen=True)
class Shared:
    """``directory`` is the common git directory (absolute, links resolved), None where there is none to mount.

    ``word`` tells why ``.git`` leads to one that is not mounted, empty where there is nothing to tell.
    """

    directory: Path | None = None
    word: str = ""


def shared(root: Path) -> Shared:
    """Return the common git directory of the project at ``root`` (absolute, links resolved).

    A project that is no worktree has none; neither has a submodule, whose git directory names no project.
    """
    pointer = root / ".git"
    said = _line(pointer)
    if said is None or not said.startswith("gitdir:"):
        return Shared()
    leads_to = _resolved(root / said.removeprefix("gitdir:").strip())
    if leads_to is None or leads_to.is_relative_to(root):
        return Shared()  # nowhere, or mounted with the project
    common = leads_to.parent.parent
    why = _doubt(pointer, leads_to, common)
    if why:
        return Shared(None, f"git: .git leads to {leads_to}, which is not mounted, so git fails in the guest: {why}")
    return Shared(common)


def _doubt(pointer: Path, leads_to: Path, common: Path) -> str:
    """Return why ``leads_to`` is not believed to be the git directory of the worktree that ``pointer`` is in."""
    if leads_to.parent.name != "worktrees":
        return "only a worktree's is mounted, and a submodule works where the project is what it is part of."
    back = _line(leads_to / "gitdir")
    if back is None or _resolved(leads_to / back) != pointer:
        return "it does not name this project. Mend it: git worktree repair"
    if _line(leads_to / "commondir") != "../..":
        return "its commondir is not ../.., where git puts it."
    if not all((common / part).exists() for part in _SHAPE):
        return f"{common} is not a git directory."
    return _unfit(common)


def _unfit(common: Path) -> str:
    """Return why ``common`` cannot be given to a guest, whatever it is."""
    home = Path.home().resolve()
    if home.is_relative_to(common) or lima_home().is_relative_to(common):
        return f"{common} holds your home directory or Lima's own."
    return search.unusable(common)


def _resolved(path: Path) -> Path | None:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # links that lead to themselves
        return None


def _line(path: Path) -> str | None:
    """Return the only line of a small plain file, None where it is anything else."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        plain = stat.S_ISREG(os.fstat(handle).st_mode)
        text = os.fsdecode(os.read(handle, _LONGEST)).removesuffix("\n") if plain else "\n"
    finally:
        os.close(handle)
    return None if "\n" in text or "\0" in text else text
