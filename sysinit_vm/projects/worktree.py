"""The git directory that a worktree shares with its repository, trusted only if both point at each other.

The guest writes the project, so it can write any path into ``.git``. The directory is mounted only if a file
outside the project, which no guest wrote, names this project (gitrepository-layout(5), git-worktree(1)).
"""

import os
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm import project_tree
from sysinit_vm.errors import VmError
from sysinit_vm.projects import search

_LONGEST = 2**13  # a path and ``gitdir:``
_SHAPE = ("HEAD", "objects", "refs")  # every git directory has these; other directories do not


@dataclass(frozen=True)
class Shared:
    """``directory`` is the common git directory (absolute, links resolved), None if there is none to mount.

    ``word`` says why ``.git`` leads to one that is not mounted; empty if there is nothing to say.
    """

    directory: Path | None = None
    word: str = ""

    @property
    def of_clone(self) -> bool:
        """Whether ``directory`` is a clone's ``.git``: whoever put a worktree into that could write its hooks anyway.

        A bare repository's may have any name, so it may be a directory that someone's archive was unpacked in.
        """
        return self.directory is not None and self.directory.name == ".git"


def shared(root: Path) -> Shared:
    """Return the common git directory of the project at ``root`` (absolute, links resolved).

    A project that is not a worktree has none. A submodule has none either: its git directory names no project.
    """
    pointer = root / ".git"
    line = _line(root, pointer.name)
    if line is None or not line.startswith("gitdir:"):
        return Shared()
    leads_to = _resolved(root / line.removeprefix("gitdir:").strip())
    if leads_to is None or leads_to.is_relative_to(root):
        return Shared()  # nowhere, or mounted with the project
    common = leads_to.parent.parent
    why = _doubt(pointer, leads_to, common)
    if why:
        return Shared(None, f"git: .git leads to {leads_to}, which is not mounted, so git fails in the guest: {why}")
    return Shared(common)


def _doubt(pointer: Path, leads_to: Path, common: Path) -> str:
    """Return why ``leads_to`` is not trusted as the git directory of the worktree that ``pointer`` is in."""
    if leads_to.parent.name != "worktrees":
        return "only a worktree's is mounted. For a submodule, make the repository that contains it the project."
    back = _line(leads_to, "gitdir")
    if back is None or _resolved(leads_to / back) != pointer:
        return "it does not name this project. Fix it: git worktree repair"
    if _line(leads_to, "commondir") != "../..":
        return "its commondir is not ../.., as git writes it."
    if not all((common / part).exists() for part in _SHAPE):
        return f"{common} is not a git directory."
    return search.unusable(common)


def _resolved(path: Path) -> Path | None:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # links that lead to themselves
        return None


def _line(directory: Path, name: str) -> str | None:
    """Return the only line of the small plain file ``name`` in ``directory`` (absolute), None if there is none such."""
    try:
        content = project_tree.read(directory, Path(name), _LONGEST)
    except VmError:
        return None
    text = os.fsdecode(content.data).removesuffix("\n") if content else "\n"
    return None if "\n" in text or "\0" in text else text
