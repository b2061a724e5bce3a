"""Which directories of this machine guests can write, as recorded when their VMs were started.

A VM's config says what it would get now. A guest has what it got: QEMU holds a mounted directory open, wherever that is
moved to and whatever the config says since.
"""

import json
import os
import pwd
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FILE = "sysinit-vm-writes.json"  # in the instance's directory, so that it goes with the VM
_LONGEST = 2**20  # bytes
_MOST_LINKS = 40  # as Linux does

Identity = tuple[int, int]
"""A file's device and number, which stay as it is moved."""


@dataclass(frozen=True)
class Written:
    """A directory that a guest can write: its ``path`` at the start (absolute, links resolved)."""

    path: Path
    identity: Identity


def identity(status: os.stat_result) -> Identity:
    """Return what ``status`` is the status of."""
    return status.st_dev, status.st_ino


def identity_at(path: Path) -> Identity:
    """Return what is at ``path`` now, links followed; (0, 0), which nothing is, if that cannot be told."""
    try:
        return identity(path.stat())
    except (OSError, ValueError):
        return (0, 0)


def record(instance: Path, directories: Iterable[Path]) -> None:
    """Keep that the guest of the instance in the directory ``instance`` can write ``directories``, all absolute.

    What was recorded before is replaced: a VM that is started has nothing else mounted. OSError if it cannot be kept.
    """
    from secrets import token_hex

    rows = []
    for directory in directories:
        with suppress(OSError):
            path = ways(directory)[-1]
            rows.append([str(path), *identity(path.stat())])
    temporary = instance / f".{_FILE}.{token_hex(4)}"
    temporary.write_text(json.dumps(rows), encoding="utf-8")
    temporary.replace(instance / _FILE)
    _all.cache_clear()


def recorded(instance: Path) -> tuple[Written, ...]:
    """Return what was recorded of the instance in the directory ``instance``; nothing if it was never started."""
    with (
        suppress(OSError, ValueError, TypeError, RecursionError),
        open(instance / _FILE, "rb", opener=_without_waiting) as stream,
    ):
        return tuple(
            Written(Path(path), (int(device), int(number)))
            for path, device, number in json.loads(stream.read(_LONGEST))
        )
    return ()


def _without_waiting(path: str, flags: int) -> int:
    """As ``files.opened``, which is above this module: a FIFO may be there."""
    return os.open(path, flags | os.O_NONBLOCK)


def is_guests(path: Path) -> bool:
    """Whether ``path`` (absolute) is where a guest can write, or a link on the way to it is, as it may lead elsewhere.

    A guest writes in what was recorded, and in each directory that has a config of ours: its VM may be an older one.
    One that may write the user's home runs anything as the user anyway, and hides no program from us. A HOME that is
    set to a directory below what was recorded is no home.
    """
    _, paths, identities = _all(_lima_home())
    own = _at_and_above(_account_home())
    at_home = _at_and_above(Path.home()) - own
    above = at_home - {Path.home(), Path(os.path.realpath(Path.home()))}
    if above.isdisjoint(paths) and not any(identity_at(place) in identities for place in above):
        own |= at_home
    places = set(ways(path)) - own
    return not places.isdisjoint(paths) or any(
        is_project(place) or identity_at(place) in identities for place in places
    )


@cache
def _at_and_above(home: Path) -> frozenset[Path]:
    return frozenset(place for way in (home, Path(os.path.realpath(home))) for place in (way, *way.parents))


def recorded_paths() -> tuple[str, ...]:
    """Return the directories that guests can write as they were recorded, whatever they are now."""
    return tuple(str(one.path) for one in _all(_lima_home()).written)


def project_above(path: Path) -> str:
    """Return the nearest directory at or above ``path`` (absolute) that has a config of ours, empty if none has."""
    return next((str(place) for place in (path, *path.parents) if is_project(place)), "")


def ways(path: Path) -> list[Path]:
    """Return each place that the system passes as it looks up ``path`` (absolute), and last what that leads to.

    The directory that a place is in has its real path: whoever writes there can lead ``path`` elsewhere.
    """
    return [Path(place) for place, _ in passed(str(path))]


def links_passed(path: str) -> list[Path]:
    """Return those places of ``ways`` that are links, and what ``path`` (absolute) leads to."""
    places = list(passed(path))
    return [Path(place) for place, is_link in places[:-1] if is_link] + [Path(place) for place, _ in places[-1:]]


def turns(path: str) -> list[Path]:
    """Return those places of ``ways`` that ``path`` (absolute) does not go on below, and what it leads to.

    They are links, and directories that a ``..`` leaves: who can exchange one leads ``path`` elsewhere.
    """
    places = [place for place, _ in passed(path)]
    on = zip(places, [*places[1:], ""], strict=True)
    return [Path(place) for place, after in on if after != place and not after.startswith(place.rstrip("/") + "/")]


def passed(path: str) -> Iterator[tuple[str, bool]]:
    """Yield the places of ``ways`` as text, and whether each is a link; what leads in a circle is left at its end."""
    here, names, links = "", path.split("/"), 0
    yield "/", False
    while names and links <= _MOST_LINKS:
        name = names.pop(0)
        if name == "..":
            here = here.rpartition("/")[0]
        elif name not in ("", "."):
            place = f"{here}/{name}"
            try:
                target = os.readlink(place)  # noqa: PTH115  # text, as there can be many
            except (OSError, ValueError):
                here = place
                yield place, False
                continue
            yield place, True
            links, names = links + 1, [*target.split("/"), *names]
            if target.startswith("/"):
                here = ""
    if here or names:
        yield "/".join((here, *names)), False


def _lima_home() -> str:
    return os.environ.get("LIMA_HOME") or str(Path.home() / ".lima")


def _account_home() -> Path:
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:  # as in a container that runs under any uid
        return Path.home()


def is_project(place: Path) -> bool:
    """Whether the directory ``place`` (absolute) has a config of ours, or anything in its place."""
    return os.path.lexists(place / ".lima" / "config.yaml")


class _Recorded(NamedTuple):
    """What was recorded of all instances, and their paths and identities to look one up."""

    written: tuple[Written, ...]
    paths: frozenset[Path]
    identities: frozenset[Identity]


@cache
def _all(lima_home: str) -> _Recorded:
    try:
        instances = sorted(Path(lima_home).iterdir())
    except OSError:
        instances = []
    written = tuple(one for instance in instances for one in recorded(instance))
    return _Recorded(written, frozenset(one.path for one in written), frozenset(one.identity for one in written))
