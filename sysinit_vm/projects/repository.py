"""The git repository that a project is in, and what to do if the guest's git cannot use it."""

import os
from pathlib import Path

from sysinit_vm.errors import typed
from sysinit_vm.projects import search, worktree

_GIT = ".git"
_ALTERNATES = Path(_GIT, "objects", "info", "alternates")


def top(root: Path) -> Path | None:
    """Return the nearest directory at or above ``root`` (absolute) that has a ``.git``, None if there is none.

    One above that cannot be a project is none: of a home directory under git, no guest is to know.
    """
    nearest = next((path for path in (root, *root.parents) if os.path.lexists(path / _GIT)), None)
    return None if nearest is None or (nearest != root and search.unusable(nearest)) else nearest


def advice(root: Path, problem: str) -> str:
    """Return what to do about ``problem``, which the guest's git has with the project at ``root`` (absolute)."""
    repository = top(root) or root
    if "dubious ownership" in problem:
        return typed("sysinit-vm", "exec", "git", "config", "--global", "--add", "safe.directory", repository)
    if repository != root:
        init = typed("sysinit-vm", "init", "--project", repository)
        return f"The guest has the project, not the repository around it. Make that the project: {init}"
    if (root / _GIT).is_symlink():
        return "The project's .git is a link out of it. Put in its place what it leads to, or mount that in the config."
    if os.path.lexists(root / _ALTERNATES):
        copy = f"{typed('git', '-C', root, 'repack', '-a', '-d')} && {typed('rm', root / _ALTERNATES)}"
        return f"It borrows objects from a repository that the guest does not have. Copy them: {copy}"
    if "extension" in problem or "repo version" in problem:
        return "The guest's git is older than the repository's format: install a newer one in the guest."
    return worktree.shared(root).word or "sysinit-vm exec git status"
