"""The configs that we wrote ourselves: JSON, whose reader takes a hundredth of the time of YAML's."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_TOO_DEEP = "\n" + " " * 40
_BIG = 10**15  # Lima may take a longer number for another
_READ_TWICE = {"base", "additionalDisks"}  # by Lima, which can lose what is escaped there
_MAY_HAVE_FILES = ("provision", "probes")


def read(text: str, write: Callable[[Any], str]) -> dict[str, Any] | None:
    """Return the mapping in ``text`` if it is exactly what ``write`` makes of it, and YAML's reader returns it too.

    None means only that YAML's reader has to be asked: for any value that needs a closer look.
    """
    if not text.startswith("{") or "\\u" in text or _TOO_DEEP in text or not text.replace("\n", "").isprintable():
        return None
    try:
        data = json.loads(text)
        return data if _is_simple(data) and write(data) == text else None
    except (ValueError, RecursionError):
        return None


def _is_simple(data: Mapping[str, Any]) -> bool:
    entries = [entry for key in _MAY_HAVE_FILES for entry in _listed(data.get(key))]
    named = any(isinstance(entry, dict) and "file" in entry for entry in entries)
    return not named and data.keys().isdisjoint(_READ_TWICE) and all(map(_is_plain, _leaves(data)))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _is_plain(leaf: Any) -> bool:
    return leaf is None or isinstance(leaf, str | bool) or (isinstance(leaf, int) and abs(leaf) < _BIG)
