"""Directories of a project that are kept on the guest's own disk, such as ``.venv node_modules target``."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from sysinit_vm.errors import UsageError, typed

_LEGAL = re.compile(r"[\w.+@-]+(?:/[\w.+@-]+)*\Z")
_HINT = 'GUEST_DIRS: ".venv node_modules target"'


def parse(value: object, source: str) -> list[str]:
    """Return the directories (relative to the project, sorted, each once) of a setting's text or list.

    UsageError names ``source`` and the one that is invalid: each is inside the project, and outside .lima.
    """
    words = map(str, value) if isinstance(value, list) else str(value).split()
    directories = sorted({word.rstrip("/") if word.strip("/") else word for word in words})
    for directory in directories:
        problem = _problem(directory)
        if problem:
            raise UsageError(f"{source} cannot have {directory!r}.", detail=problem, hint=_HINT)
    return directories


def _problem(directory: str) -> str:
    parts = PurePosixPath(directory).parts
    if directory.startswith("/"):
        return "It is an absolute path; these directories are relative to the project."
    if ".." in parts:
        return "It leads out of the project."
    if not _LEGAL.match(directory) or directory != "/".join(parts):
        return "Separate directories by spaces; a name has letters, digits and . _ + @ - /, and no empty part."
    if parts[0] == ".lima":
        return "The project's config is there, and belongs to the host."
    return ""


def check(root: Path, directories: Sequence[str]) -> None:
    """UsageError if one of ``directories`` in the project ``root`` (absolute) is a link or a file.

    A link could lead out of the project, or change where it leads.
    """
    for directory in directories:
        path = root
        for part in PurePosixPath(directory).parts:
            path /= part
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                kind = "a link" if path.is_symlink() else "not a directory"
                raise UsageError(
                    f"{directory} cannot be kept on the guest's own disk.",
                    detail=f"{path} is {kind}.",
                    hint=typed("ls", "-l", path),
                )
