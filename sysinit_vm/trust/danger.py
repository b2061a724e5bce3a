"""One thing that a config can do to the host, in words."""

import json
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any


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
    """``where`` is the key in the config, such as ``portForwards[2].hostSocket``; ``words`` say what it does.

    ``part`` is the part of the config that an approval covers, as plain data: any change in it asks again.
    """

    level: Level
    where: str
    words: str
    part: Any

    @property
    def item(self) -> str:
        """What is approved, as one line of canonical JSON: the key without list numbers, and the part."""
        first, *others = self.where.split("[")
        key = first + "".join(other.partition("]")[2] for other in others)
        return json.dumps([key, self.part], sort_keys=True, ensure_ascii=True)


@dataclass(frozen=True)
class Context:
    """What a config is judged against: absolute paths with links resolved.

    No guest may write ``private``. ``committed_dir`` is the project's directory as the config itself gives it.
    """

    root: Path
    home: Path
    lima_home: Path
    private: tuple[Path, ...]
    committed_dir: str = ""
