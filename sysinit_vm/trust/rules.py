"""How a value is judged: each rule yields the dangers in it, and nothing if there are none."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sysinit_vm.escaping import printable
from sysinit_vm.trust.danger import Context, Danger, Level

Dangers = Iterator[Danger]
Rule = Callable[[str, Any, Context], Dangers]
_LONGEST = 100  # characters of a value that are shown


def display(value: object) -> str:
    """Return a value of a config as one short line that no terminal obeys."""
    return printable(value if isinstance(value, str) else repr(value), _LONGEST)


def guest_only(_where: str, _value: Any, _context: Context) -> Dangers:
    """Harmless: it concerns the guest alone."""
    yield from ()


def always(level: Level, words: str) -> Rule:
    """Dangerous if it is set at all; ``words`` may hold ``{}`` for the value."""

    def rule(where: str, value: Any, _context: Context) -> Dangers:
        if value not in (None, False, "", [], {}):
            yield Danger(level, where, words.format(display(value)), value)

    return rule


def one_of(*allowed: str) -> Rule:
    """Harmless if it is one of Lima's own words, or not set."""

    def rule(where: str, value: Any, _context: Context) -> Dangers:
        if value is not None and value not in allowed:
            yield Danger(Level.UNKNOWN, where, f"is {display(value)}, which sysinit-vm does not know", value)

    return rule


def plain_text(where: str, value: Any, _context: Context) -> Dangers:
    """Limactl prints it on the terminal: harmless if it cannot control one."""
    if value is not None and re.search(r"[^\n\t -~\u00a0-\uffff]|[\u0080-\u009f\u202a-\u202e]", str(value)):
        yield Danger(Level.RUNS, where, "would send control characters to your terminal", value)


def mapping(rules: Mapping[str, Rule]) -> Rule:
    """Each key is judged by its own rule; a key without one counts as dangerous."""

    def rule(where: str, value: Any, context: Context) -> Dangers:
        if value is None:
            return
        if not isinstance(value, Mapping):
            yield Danger(Level.UNKNOWN, where, f"is {display(value)}, not a mapping", value)
            return
        for key, inner in value.items():
            path = f"{where}.{key}" if where else str(key)
            yield from rules.get(str(key), unknown)(path, inner, context)

    return rule


def entries(inner: Rule) -> Rule:
    """Each entry of a list is judged by ``inner``."""

    def rule(where: str, value: Any, context: Context) -> Dangers:
        if value is None:
            return
        if not isinstance(value, list):
            yield Danger(Level.UNKNOWN, where, f"is {display(value)}, not a list", value)
            return
        for number, entry in enumerate(value):
            yield from inner(f"{where}[{number}]", entry, context)

    return rule


def unknown(where: str, value: Any, _context: Context) -> Dangers:
    """Dangerous: sysinit-vm does not know what it does."""
    yield Danger(Level.UNKNOWN, where, f"is not known to sysinit-vm: {display(value)}", value)
