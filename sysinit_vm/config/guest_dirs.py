"""Directories of a project that are kept on the guest's own disk, such as ``.venv node_modules target``."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from sysinit_vm.errors import UsageError, typed

_LEGAL = re.compile(r"[\w.+@-]+(?:/[\w.+@-]+)*\Z")
_HINT = 'GUEST_DIRS: ".venv node_modules target"'


def parse(value: object, source: str) -> list[str]:
    """Return the directories (relative to the project, sorted, each once) of a setting's text or list.

    UsageError names ``source`` and the one that cannot be: each lies inside the project, and outside .lima.
    """
    words = [str(each) for each in value] if isinstance(value, list) else str(value).split()
    found = {word.rstrip("/") if word.strip("/") else word for word in words}
    for word in sorted(found):
        problem = _problem(word)
        if problem:
            raise UsageError(f"{source} cannot have {word!r}.", detail=problem, hint=_HINT)
    return sorted(found)


def _problem(word: str) -> str:
    parts = PurePosixPath(word).parts
    if word.startswith("/"):
        return "It is an absolute path; each is relative to the project."
    if ".." in parts:
        return "It leads out of the project."
    if not _LEGAL.match(word) or word != "/".join(parts):
        return "Directories are parted by spaces; each has letters, digits and . _ + @ - /, and no empty part."
    if parts[0] == ".lima":
        return "The project's config lies there, and belongs to the host."
    return ""


def check(root: Path, directories: Sequence[str]) -> None:
    """Return if each of ``directories`` may be one in the project ``root`` (absolute); UsageError otherwise.

    A link could lead out of the project, or change where it leads; a file cannot be a directory.
    """
    for each in directories:
        path = root
        for part in PurePosixPath(each).parts:
            path /= part
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                kind = "a link" if path.is_symlink() else "no directory"
                raise UsageError(
                    f"{each} cannot be kept on the guest's own disk.",
                    detail=f"{path} is {kind}.",
                    hint=typed("ls", "-l", path),
                )
