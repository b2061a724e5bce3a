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
    """Return PATH without what leads into a project at or above the current directory: a guest can write there.

    These are its empty and relative parts, and such as the ``.venv/bin`` of a project.
    """
    parts = [part for part in os.environ.get("PATH", "").split(os.pathsep) if part.startswith("/")]
    projects = _projects()
    trusted = [part for part in parts if not any(Path(part).resolve().is_relative_to(root) for root in projects)]
    return os.pathsep.join(trusted) or os.defpath


def _projects() -> list[Path]:
    """Return the current directory and those above it that have a config of ours."""
    try:
        here = Path.cwd()
    except OSError:
        return []
    return [root for root in (here, *here.parents) if os.path.lexists(root / ".lima" / "config.yaml")]


def version(text: str) -> Version:
    """Return the first dotted number in ``text`` as three integers; empty if there is none."""
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def dotted(version: Version) -> str:
    """Return a version in the usual form, such as ``2.2.0``; empty if there is none."""
    return ".".join(map(str, version))
