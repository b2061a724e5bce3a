"""How a value is judged: each rule yields what is dangerous in it, and nothing where nothing is."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sysinit_vm.trust.danger import Context, Danger, Level

Dangers = Iterator[Danger]
Rule = Callable[[str, Any, Context], Dangers]
_SHOWN = 100  # characters of a value


def shown(value: object) -> str:
    """Return a value for people: one line, nothing that a terminal would obey, not too long."""
    text = value if isinstance(value, str) else repr(value)
    plain = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"


def guests(_where: str, _value: Any, _place: Context) -> Dangers:
    """Only the guest's own affair."""
    yield from ()


def says(level: Level, words: str) -> Rule:
    """Dangerous whenever it is set at all; ``words`` may hold ``{}`` for the value."""

    def rule(where: str, value: Any, _place: Context) -> Dangers:
        if value not in (None, False, "", [], {}):
            yield Danger(level, where, words.format(shown(value)), value)

    return rule


def words(*allowed: str) -> Rule:
    """Harmless where it is one of Lima's own words, or nothing."""

    def rule(where: str, value: Any, _place: Context) -> Dangers:
        if value is not None and value not in allowed:
            yield Danger(Level.UNKNOWN, where, f"is {shown(value)}, which sysinit-vm does not know", value)

    return rule


def plain_text(where: str, value: Any, _place: Context) -> Dangers:
    """Shown on the terminal by limactl: harmless where it cannot steer one."""
    if value is not None and re.search(r"[^\n\t -~\u00a0-\uffff]|[\u0080-\u009f\u202a-\u202e]", str(value)):
        yield Danger(Level.RUNS, where, "would send control characters to your terminal", value)


def mapping(rules: Mapping[str, Rule]) -> Rule:
    """Every key is decided by its own rule; a key that has none counts as dangerous."""

    def rule(where: str, value: Any, place: Context) -> Dangers:
        if value is None:
            return
        if not isinstance(value, Mapping):
            yield Danger(Level.UNKNOWN, where, f"is {shown(value)}, not a mapping", value)
            return
        for key, inner in value.items():
            path = f"{where}.{key}" if where else str(key)
            yield from rules.get(str(key), unknown)(path, inner, place)

    return rule


def each(inner: Rule) -> Rule:
    """Every entry of a list is decided by ``inner``."""

    def rule(where: str, value: Any, place: Context) -> Dangers:
        if value is None:
            return
        if not isinstance(value, list):
            yield Danger(Level.UNKNOWN, where, f"is {shown(value)}, not a list", value)
            return
        for number, entry in enumerate(value):
            yield from inner(f"{where}[{number}]", entry, place)

    return rule


def unknown(where: str, value: Any, _place: Context) -> Dangers:
    """Nobody knows what it does."""
    yield Danger(Level.UNKNOWN, where, f"is not known to sysinit-vm: {shown(value)}", value)
