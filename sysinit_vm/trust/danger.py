"""One thing that a config can do to the host, in words."""

import json
import re
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from sysinit_vm.guest_writes import Written

Where = tuple[str | int, ...]
EXCHANGEABLE = "exchangeable by"
LINKED = "links of the home"
PLACE = "settings or programs of the user"
_PLAIN_KEY = re.compile(r"[\w-]+\Z", re.ASCII)


class Level(IntEnum):
    """The kinds of danger, worst first; users see the name."""

    RUNS = 1
    DELETES = 2
    WRITES = 3
    READS = 4
    OPENS = 5
    LENDS = 6
    FETCHES = 7
    UNKNOWN = 8


@dataclass(frozen=True)
class Danger:
    """``where`` is the path of keys and list numbers in the config; ``words`` say what it does.

    ``value`` is what an approval covers, as plain data, resolved and whole: any change in it asks again.
    ``meant`` is the key that an unknown one was probably meant to be, empty if it is like none; ``line`` (from 1) is
    where an unknown key stands in the committed config, 0 if it is not in its text.
    """

    level: Level
    where: Where
    words: str
    value: Any
    meant: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def key(self) -> str:
        """``where`` for people, such as ``portForwards[2].hostSocket``; an odd key is quoted."""
        return spelled(self.where)

    @property
    def of_this_machine(self) -> bool:
        """Whether it is not the config's doing, but comes of what is on this machine: nothing allows that unasked.

        That is another VM, whose guest can write here or which uses what is here, links of the user's settings and
        programs that lead into the project, or a project that is a place of these.
        """
        return isinstance(self.value, dict) and not self.value.keys().isdisjoint({EXCHANGEABLE, LINKED, PLACE})

    @property
    def item(self) -> str:
        """What is approved, as one line of canonical JSON: the level, the exact path of keys, and the value.

        Where in its list an entry stands is left out: a harmless entry before it changes nothing.
        """
        where = [0 if isinstance(key, int) else key for key in self.where]
        return json.dumps([self.level.name, where, self.value], sort_keys=True, ensure_ascii=True, default=str)


def spelled(where: Where) -> str:
    """Return a path of keys as one line of printable characters."""
    parts = (
        f"[{key}]" if isinstance(key, int) else f".{key if _PLAIN_KEY.match(key) else ascii(key)}" for key in where
    )
    return "".join(parts).removeprefix(".")


@dataclass(frozen=True)
class Context:
    """What a config is judged against: absolute paths with links resolved.

    No guest may write ``private``. ``confined`` says whether the host keeps a guest from writing a read-only mount.
    ``proxies`` are the proxy variables of this machine whose values have passwords, each with a hash of its value.
    ``programs`` are directories with programs that you run, and files by which one can run some. ``linked`` is what
    hidden files of the home, and programs, are links to.
    ``guests`` are other VMs, each with a directory that its guest can write, by its config or at its last start;
    ``written`` has the latter too, by what it is: it may have been moved. ``own`` is what the VM's own guest could
    write at its last start; files of guests, its own too, are ``copied`` to these places.
    ``used`` are the sockets, copies and playbooks of other VMs, by their paths as they are spelled.
    """

    root: Path
    home: Path
    lima_home: Path
    private: tuple[Path, ...]
    confined: bool = True
    proxies: tuple[tuple[str, str], ...] = ()
    programs: tuple[Path, ...] = ()
    linked: tuple[Path, ...] = ()
    guests: tuple[tuple[str, Path], ...] = ()
    written: tuple[tuple[str, Written], ...] = ()
    own: tuple[Written, ...] = ()
    copied: tuple[Path, ...] = ()
    used: tuple[tuple[str, Path], ...] = ()
