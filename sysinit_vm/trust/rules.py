"""How a value is judged: each rule yields the dangers in it, and nothing if there are none."""

import difflib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from sysinit_vm.escaping import one_line, printable
from sysinit_vm.trust.danger import Context, Danger, Level, Where

Dangers = Iterator[Danger]
Rule = Callable[[Where, Any, Context], Dangers]
# What keys are called by other tools, or a key that belongs into the entries of another: what it is here.
_OTHER_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("port", "ports", "expose", "forward", "forwards", "guestport", "hostport"), "portForwards"),
    **dict.fromkeys(("ram", "mem"), "memory"),
    **dict.fromkeys(("cores", "vcpus"), "cpus"),
    **dict.fromkeys(("volume", "volumes"), "mounts"),
    **dict.fromkeys(("environment", "variables"), "env"),
    **dict.fromkeys(("script", "scripts"), "provision"),
    **dict.fromkeys(("path", "source", "hostpath"), "location"),
    "guest": "guestPort",
    "host": "hostPort",
    "target": "mountPoint",
}
_LONGEST = 1000  # characters of a value that are shown; the longest path of a file has 4096


def whole(value: object) -> str:
    """Return a value of a config as one line that no terminal obeys: whoever allows it is to see all of it."""
    return one_line(_text(value))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def mappings(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the mappings in the list that ``data`` has at ``key``; none if that is no list."""
    entries = data.get(key)
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def display(value: object) -> str:
    """As ``whole``, for an error: with the middle left out if it is long."""
    line = printable(_text(value), 10 * _LONGEST)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} […] {line[-_LONGEST // 2 :]}"


def text(value: Any) -> str:
    """Return what Lima reads where it wants text: `0` and `false` are text too, only nothing is nothing."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def off(value: Any) -> bool:
    """Return whether a switch is off: false, or not set."""
    return value is None or value is False


def guest_only(_where: Where, _value: Any, _context: Context) -> Dangers:
    """Harmless: it concerns the guest alone."""
    yield from ()


def always(level: Level, words: str) -> Rule:
    """Dangerous if it is set at all; ``words`` may hold ``{}`` for the value."""

    def rule(where: Where, value: Any, _context: Context) -> Dangers:
        if value is not None and value not in ("", [], {}):
            yield Danger(level, where, words.replace("{}", whole(value)), value)

    return rule


def switch(level: Level, words: str) -> Rule:
    """Dangerous unless it is off."""

    def rule(where: Where, value: Any, _context: Context) -> Dangers:
        if not off(value):
            yield Danger(level, where, words, value)

    return rule


def one_of(*allowed: str) -> Rule:
    """Harmless if it is one of Lima's own words, or not set."""

    def rule(where: Where, value: Any, _context: Context) -> Dangers:
        if value is not None and value not in allowed:
            yield Danger(Level.UNKNOWN, where, f"is {whole(value)}, which sysinit-vm does not know", value)

    return rule


def plain_text(where: Where, value: Any, _context: Context) -> Dangers:
    """Limactl prints it on the terminal: harmless if it cannot control one."""
    if any(not char.isprintable() and char not in "\n\t" for char in text(value)):
        yield Danger(Level.RUNS, where, "would send control characters to your terminal", value)


def mapping(rules: Mapping[str, Rule]) -> Rule:
    """Each key is judged by its own rule; a key without one counts as dangerous."""

    def rule(where: Where, value: Any, context: Context) -> Dangers:
        if value is None:
            return
        if not isinstance(value, Mapping):
            yield Danger(Level.UNKNOWN, where, f"is {whole(value)}, not a mapping", value)
            return
        for key, inner in value.items():
            judged_by = rules[key] if key in rules else _unknown_key(str(key), rules)
            yield from judged_by((*where, str(key)), inner, context)

    return rule


def entries(inner: Rule) -> Rule:
    """Each entry of a list is judged by ``inner``."""

    def rule(where: Where, value: Any, context: Context) -> Dangers:
        if value is None:
            return
        if not isinstance(value, list):
            yield Danger(Level.UNKNOWN, where, f"is {whole(value)}, not a list", value)
            return
        for number, entry in enumerate(value):
            yield from inner((*where, number), entry, context)

    return rule


def _unknown_key(key: str, known: Collection[str]) -> Rule:
    """As ``unknown`` for ``key``, which may be a typo of a ``known`` one, or a newer Lima's."""
    meant = _meant(key, known)
    if not meant:
        return unknown
    words = f"is not a key of Lima's that sysinit-vm knows; did you mean {meant}? Its value: "

    def rule(where: Where, value: Any, _context: Context) -> Dangers:
        yield Danger(Level.UNKNOWN, where, f"{words}{display(value)}", value, meant)

    return rule


def _meant(key: str, known: Collection[str]) -> str:
    """Return which of the ``known`` keys was probably meant by ``key``, empty if it is like none."""
    small = {other.lower(): other for other in known}
    other_name = _OTHER_NAMES.get(key.lower(), "")
    if key.lower() in small or other_name in known:
        return small.get(key.lower(), other_name)
    return next((small[name] for name in difflib.get_close_matches(key.lower(), small, n=1)), "")


def unknown(where: Where, value: Any, _context: Context) -> Dangers:
    """Dangerous: sysinit-vm does not know what it does."""
    yield Danger(Level.UNKNOWN, where, f"is not known to sysinit-vm: {whole(value)}", value)
