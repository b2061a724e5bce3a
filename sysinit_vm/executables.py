"""Where programs are on this machine, and the version numbers that they print."""

import os
import re
import shutil
from pathlib import Path

_SBIN = (os.defpath, "/usr/local/sbin", "/usr/sbin", "/sbin")  # on Debian these are not on an ordinary account's PATH

Version = tuple[int, ...]


def find(program: str) -> Path | None:
    """Return the absolute path of a program on PATH or in the system's folders, None if there is none.

    ``program`` may also be an absolute path to a file.
    """
    path = shutil.which(program, path=os.pathsep.join((search_path(), *_SBIN)))
    if not path and program.startswith("/") and os.path.isfile(program):  # noqa: PTH113  # is_file raises in a closed folder
        return Path(program)
    return Path(path).absolute() if path else None


def search_path() -> str:
    """Return PATH without its empty and relative parts: they lead into the project, which may be somebody else's."""
    parts = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(part for part in parts if part.startswith("/")) or os.defpath


def search_path_without(program: str) -> str:
    """Return PATH, as ``search_path`` does, without the directories that have ``program``."""
    parts = search_path().split(os.pathsep)
    return os.pathsep.join(part for part in parts if not os.path.lexists(Path(part) / program)) or os.defpath


def version(text: str) -> Version:
    """Return the first dotted number in ``text`` as three integers; empty if there is none."""
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def dotted(version: Version) -> str:
    """Return a version in the usual form, such as ``2.2.0``; empty if there is none."""
    return ".".join(map(str, version))
