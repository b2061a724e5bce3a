"""What is root's in the user's own directories: sudo that keeps HOME leaves it, and later commands are denied there."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_ROOT = 0


def below(places: Iterable[Path]) -> list[Path]:
    """Return what is root's of ``places`` (absolute, need not exist), each path but none that is below another one.

    That is: a place, what is above it in the user's home, and two levels in it; no link is followed. Only reads.
    """
    paths = dict.fromkeys(path for place in places for path in _candidates(place) if _is_roots(path))
    return [path for path in paths if paths.keys().isdisjoint(path.parents)]


def _candidates(place: Path) -> Iterator[Path]:
    yield from (path for path in place.parents if Path.home() in path.parents)
    yield place
    for entry in _entries(place):
        yield entry
        if entry.name != "_images":  # all accounts of a machine may share these
            yield from _entries(entry)


def _entries(directory: Path) -> list[Path]:
    try:
        return [] if directory.is_symlink() else sorted(directory.iterdir())
    except OSError:
        return []


def _is_roots(path: Path) -> bool:
    with suppress(OSError):
        return path.lstat().st_uid == _ROOT
    return False
