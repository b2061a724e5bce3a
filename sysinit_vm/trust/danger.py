"""One thing that a config can do to the host, in words."""

import json
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any


class Level(IntEnum):
    """Dangers, the worst first; the name is what a reader sees."""

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

    ``part`` is the part of the config that an approval covers, as plain data: whatever changes in it asks again.
    """

    level: Level
    where: str
    words: str
    part: Any

    @property
    def item(self) -> str:
        """What is approved, as one line of canonical JSON: the key without its number, and the part."""
        key = "".join(each.partition("]")[2] if index else each for index, each in enumerate(self.where.split("[")))
        return json.dumps([key, self.part], sort_keys=True, ensure_ascii=True)


@dataclass(frozen=True)
class Context:
    """Where a config is judged: all absolute with links resolved; ``private`` must not be written by any guest.

    ``committed_dir`` is the project's directory as the config itself says it.
    """

    root: Path
    home: Path
    lima_home: Path
    private: tuple[Path, ...]
    committed_dir: str = ""
