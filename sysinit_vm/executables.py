"""Where programs are on this machine, and the version numbers that they print."""

import os
import re
import shutil
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from sysinit_vm import guest_writes

_TEMPORARY = ("TMPDIR", "TMP", "TEMP", "GOTMPDIR")
_LISTS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", *_TEMPORARY)  # their other parts stay
# Where these are wrong is said where they are used, or they are no paths, whatever a guest calls its files.
_KEPT = frozenset(
    ("PATH", "HOME", "LIMA_HOME", "PWD", "OLDPWD", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "LANG", "LANGUAGE")
)
_KEPT_KINDS = re.compile(r"XDG_.*|LC_.*|.*_proxy", re.IGNORECASE)
_OF_PATHS = re.compile("CONF|LIB|PATH|DIR|FILE|MODULE|ENGINE|PROG")  # a word without a slash may be a path there
_BETWEEN = re.compile(r"[\s:;,=|&<>()'\"]+")
_GIT_CONFIG = ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
_SBIN = (os.defpath, "/usr/local/sbin", "/usr/sbin", "/sbin")  # on Debian these are not on an ordinary account's PATH
# Homebrew's on Apple silicon and on Intel; its installer leaves it to the user to put it on PATH.
_HOMEBREW = ("/opt/homebrew/bin", "/usr/local/bin") if sys.platform == "darwin" else ()

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

    Its empty and relative parts are dropped too: they mean the current directory. On macOS, Homebrew's directories are
    added.
    """
    return _trusted(os.pathsep.join((os.environ.get("PATH", ""), *_HOMEBREW))) or os.defpath


def environment() -> dict[str, str]:
    """Return the environment for the programs that we start, without each variable that names where a guest writes.

    It may name a program, a library, a module or a configuration: SSH, PAGER, QEMU_MODULE_DIR, PERL5LIB, APT_CONFIG.
    direnv sets such variables for a project. A temporary directory that is none is dropped as well: Go's programs would
    look for no other.
    """
    env = {**os.environ, "PATH": search_path()}
    for name in _LISTS:
        if name in env:
            env[name] = _trusted(env[name])
            if not env[name] or (name in _TEMPORARY and not os.path.isdir(env[name])):  # noqa: PTH112  # as above
                del env[name]
    others = [name for name in env if name not in {*_LISTS, *_KEPT} and not _KEPT_KINDS.fullmatch(name)]
    here, spaced = _here(), _spaced_places()
    dropped = [name for name in others if _names_guests(name, env[name], here, spaced)]
    if any(name.startswith(_GIT_CONFIG) for name in dropped):  # git refuses a part of them
        dropped += [name for name in others if name.startswith(_GIT_CONFIG)]
    return {name: value for name, value in env.items() if name not in dropped}


def _names_guests(name: str, value: str, here: str, spaced: Iterable[str]) -> bool:
    """Whether the variable's ``value`` has a path where a guest can write, as a shell or a program may read it.

    ``here`` is the current directory, empty if it is gone; ``spaced`` are such places that would not be one word.
    """
    lima_home = os.environ.get("LIMA_HOME")
    plain = os.path.expandvars(value).replace("\\", "").replace("'", "").replace('"', "")
    if any(f"{place}/" in f"{plain}/" for place in spaced):
        return True
    words = {os.path.expanduser(word) for word in _BETWEEN.split(plain)}  # noqa: PTH111  # never fails
    absolute = {word[word.index("/") :] for word in words if word.startswith(("/", "-")) and "/" in word}
    relative = {word for word in words if "/" in word or _OF_PATHS.search(name)} - absolute - {""}
    inner = {f"{here}/{word}" for word in relative if here and os.path.lexists(f"{here}/{word}")}
    return any(_is_guests(path, lima_home) for path in (*absolute, *inner))


def _here() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  # text, for what is cached
    except OSError:
        return ""


def _spaced_places() -> list[str]:
    places, here = guest_writes.recorded_paths(), _here()
    above = guest_writes.project_above(Path(here)) if here else ""
    return [
        place for place in (*places, above) if _BETWEEN.search(place) and _is_guests(place, os.environ.get("LIMA_HOME"))
    ]


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
