"""Where programs are on this machine, and the version numbers that they print."""

import os
import re
import shutil
from functools import cache
from pathlib import Path

from sysinit_vm import guest_writes

_LISTS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "TMP", "TEMP", "GOTMPDIR")  # their other parts stay
# Where these are wrong is said where they are used, or they are no paths, whatever a guest calls its files.
_KEPT = frozenset(
    ("PATH", "HOME", "LIMA_HOME", "PWD", "OLDPWD", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "LANG", "LANGUAGE")
)
_KEPT_KINDS = re.compile(r"XDG_.*|LC_.*|.*_proxy", re.IGNORECASE)
_ABSOLUTE = re.compile(r"(?<![\w.~])/|(?<=-[A-Za-z])/")  # where a path may begin: -I/usr, file:///usr, "|/usr/bin/x %s"
_BETWEEN = re.compile(r"[\s:;,=|&<>()'\"]+")
_SBIN = (os.defpath, "/usr/local/sbin", "/usr/sbin", "/sbin")  # on Debian these are not on an ordinary account's PATH

Version = tuple[int, ...]


def find(program: str) -> Path | None:
    """Return the absolute path of a program on PATH or in the system's folders, None if there is none.

    What is a link to where a guest can write is passed over. ``program`` may also be an absolute path to a file.
    """
    if program.startswith("/"):
        return Path(program) if os.path.isfile(program) else None  # noqa: PTH113  # is_file raises in a closed folder
    folders = os.pathsep.join((search_path(), *_SBIN)).split(os.pathsep)
    hits = (shutil.which(program, path=folder) for folder in folders)
    return next((Path(hit).absolute() for hit in hits if hit and _trusted(hit)), None)


def search_path() -> str:
    """Return PATH without what a guest can write, such as the ``.venv/bin`` of a project that has a VM.

    Its empty and relative parts are dropped too: they mean the current directory.
    """
    return _trusted(os.environ.get("PATH", "")) or os.defpath


def environment() -> dict[str, str]:
    """Return the environment for the programs that we start, without each variable that names where a guest writes.

    It may name a program, a library, a module or a configuration: SSH, PAGER, QEMU_MODULE_DIR, PERL5LIB, APT_CONFIG.
    direnv sets such variables for a project.
    """
    env = {**os.environ, "PATH": search_path()}
    for name in _LISTS:
        if name in env:
            env[name] = _trusted(env[name])
            if not env[name]:
                del env[name]
    others = [name for name in env if name not in {*_LISTS, *_KEPT} and not _KEPT_KINDS.fullmatch(name)]
    for name in others:
        if _names_guests(env[name], _here(), os.environ.get("LIMA_HOME")):
            del env[name]
    return env


def _here() -> str:
    """Return the current directory if a guest can write there, so that relative paths are its; otherwise nothing."""
    try:
        here = os.getcwd()  # noqa: PTH109  # a cached function takes text
    except OSError:
        return ""
    return "" if _trusted(here) else here


@cache
def _names_guests(value: str, here: str, lima_home: str | None) -> bool:
    """Whether a variable's ``value`` has a path where a guest can write; ``here`` is a directory where one can."""
    for match in _ABSOLUTE.finditer(value):
        path = value[match.start() :]  # it may have spaces and colons, or end at one
        if any(_is_guests(candidate, lima_home) for candidate in (path, _BETWEEN.split(path)[0])):
            return True
    return bool(here) and any(word and os.path.lexists(f"{here}/{word}") for word in _BETWEEN.split(value))


def _trusted(path: str) -> str:
    """Return those parts of ``path`` that are absolute and where no guest can write."""
    lima_home = os.environ.get("LIMA_HOME")
    parts = [part for part in path.split(os.pathsep) if part.startswith("/")]
    return os.pathsep.join(part for part in parts if not _is_guests(part, lima_home))


@cache
def _is_guests(path: str, _lima_home: str | None) -> bool:
    return guest_writes.is_guests(Path(path))


def version(text: str) -> Version:
    """Return the first dotted number in ``text`` as three integers; empty if there is none."""
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def dotted(version: Version) -> str:
    """Return a version in the usual form, such as ``2.2.0``; empty if there is none."""
    return ".".join(map(str, version))
