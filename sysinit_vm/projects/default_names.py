"""The default names of a project's VM, made legal for Lima, and of its Zellij session. Pure."""

import difflib
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from sysinit_vm.lima.names import LONGEST, fold, shorten

_SESSION_LONGEST = 36  # Zellij puts it into a socket path
_SUFFIX = "-dev"


def vm_name(directory: Path, longest: int = LONGEST) -> str:
    """Return the VM's default name for a project directory: its own name, made legal, and ``-dev``.

    A name that is too long keeps a readable head and a hash of the whole path.
    """
    return shorten(fold(directory.name), str(directory), longest - len(_SUFFIX)) + _SUFFIX


def closest(name: str, names: Iterable[str]) -> list[str]:
    """Return the one of VM ``names`` that ``name``, of a VM or of a project, may have been meant for; or none.

    What all names end in makes none similar.
    """
    by_stem = {known.removesuffix(_SUFFIX): known for known in names}
    return [by_stem[stem] for stem in difflib.get_close_matches(name.removesuffix(_SUFFIX), by_stem, n=1)]


def other_names(directory: Path, longest: int = LONGEST) -> Iterator[str]:
    """Yield alternatives to the default name: first with the parent directory's name in front, then with numbers."""
    room = longest - len(_SUFFIX)
    yield shorten(fold(f"{directory.parent.name}-{directory.name}"), str(directory), room) + _SUFFIX
    for number in count(2):
        tail = f"-{number}{_SUFFIX}"
        yield shorten(fold(directory.name), str(directory), longest - len(tail)) + tail


def session_name(directory: Path) -> str:
    """Return the Zellij session's name for a project directory: at most 36 safe characters."""
    return shorten(fold(directory.name), str(directory), _SESSION_LONGEST)
