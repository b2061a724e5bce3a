"""The commands as data: what help, completion and the reading of a command line need to know of them.

`commands.json` is made from the tasks by `inv docs.commands`, and a test compares the two. So neither help nor the TAB
key waits until the tasks, and Invoke, are loaded.
"""

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

# not a pathlib.Path, which takes a tenth of the time that help and completion have
FILE = os.path.join(os.path.dirname(__file__), "commands.json")  # noqa: PTH118, PTH120
"""Where they are stored (absolute)."""


class Flag(NamedTuple):
    """One flag: its ``name`` without dashes, one sentence of help, and whether a value follows it, or several may."""

    name: str
    help: str = ""
    takes_value: bool = False
    repeatable: bool = False


Flags = Mapping[str, Flag]
"""Flags, each as it is typed, such as ``--name``."""


class Command(NamedTuple):
    """One command.

    ``group`` to ``examples`` are those of its manual (``manual.Manual``); ``ending`` is about its exit statuses, and
    ``options`` are its flags as the help shows them, each with its text. ``inverse_flags`` are
    those that say no.
    """

    name: str
    aliases: list[str]
    group: str
    usage: str
    word: str
    summary: str
    paragraphs: list[str]
    examples: list[str]
    ending: str
    options: list[list[str]]
    flags: Flags
    inverse_flags: list[str]


class Index(NamedTuple):
    """All ``commands`` by name, in the order of the collection, and the ``core`` flags, which stand before them.

    ``templates`` are ours that `init` takes, ``settings`` the names of all settings.
    """

    commands: dict[str, Command]
    core: Flags
    templates: list[str]
    settings: list[str]

    def by_any_name(self) -> dict[str, Command]:
        """Return every command under each of its names."""
        return {name: command for command in self.commands.values() for name in (command.name, *command.aliases)}


def read() -> Index:
    """Return the index that is shipped with the package."""
    with open(FILE, encoding="utf-8") as stream:  # noqa: PTH123
        stored = json.load(stream)
    commands = {name: _command(name, entry) for name, entry in stored["commands"].items()}
    return Index(commands, _flags(stored["core"]), stored["templates"], stored["settings"])


def _command(name: str, entry: Mapping[str, Any]) -> Command:
    return Command(**{**entry, "name": name, "flags": _flags(entry["flags"])})


def _flags(entries: Mapping[str, Any]) -> Flags:
    return {flag: Flag(*entry) for flag, entry in entries.items()}
