"""Where programs are on this machine, and the version numbers that they print."""

import os
import re
import shutil
from functools import cache
from pathlib import Path

from sysinit_vm import guest_writes

_LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_PROGRAM_OF_LIMAS = "QEMU_SYSTEM_"  # and the architecture: another QEMU than that on PATH
_TEMPORARY = ("TMPDIR", "TMP", "TEMP", "GOTMPDIR")
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
    """Return PATH without what a guest can write, such as the ``.venv/bin`` of a project that has a VM.

    Its empty and relative parts are dropped too: they mean the current directory.
    """
    return _trusted(os.environ.get("PATH", "")) or os.defpath


def environment() -> dict[str, str]:
    """Return the environment for the programs that we start: they neither load nor keep anything where a guest writes.

    direnv sets such variables for a project.
    """
    env = {**os.environ, "PATH": search_path()}
    for name in (*_LIBRARIES, *_TEMPORARY):
        if name in env:
            env[name] = _trusted(env[name])
            if not env[name]:
                del env[name]
    for name in [name for name in env if name.startswith(_PROGRAM_OF_LIMAS) and not _trusted(env[name])]:
        del env[name]
    return env


def _trusted(path: str) -> str:
    return _of_no_guest(path, os.environ.get("LIMA_HOME"))


@cache
def _of_no_guest(path: str, _lima_home: str | None) -> str:
    parts = [part for part in path.split(os.pathsep) if part.startswith("/")]
    return os.pathsep.join(part for part in parts if not guest_writes.is_guests(Path(part)))


def version(text: str) -> Version:
    """Return the first dotted number in ``text`` as three integers; empty if there is none."""
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def dotted(version: Version) -> str:
    """Return a version in the usual form, such as ``2.2.0``; empty if there is none."""
    return ".".join(map(str, version))
