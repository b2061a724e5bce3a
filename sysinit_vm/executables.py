"""Where a program is on this machine, and the version in what a program prints."""

import os
import re
import shutil
from pathlib import Path

_SBIN = (os.defpath, "/usr/local/sbin", "/usr/sbin", "/sbin")  # not on an ordinary account's PATH on Debian

Version = tuple[int, ...]


def find(program: str) -> Path | None:
    """Return where a program is, on PATH or in the system's folders, or a file given as an absolute path."""
    path = shutil.which(program, path=os.pathsep.join((os.environ.get("PATH", ""), *_SBIN)))
    if not path and program.startswith("/") and os.path.isfile(program):  # noqa: PTH113  # also where it may not be looked at
        return Path(program)
    return Path(path).absolute() if path else None


def version(text: str) -> Version:
    """Return the first dotted number in ``text`` as integers, three of them; empty if there is none."""
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def dotted(version: Version) -> str:
    """Return a version as people write it, such as ``2.2.0``; empty for none."""
    return ".".join(map(str, version))
