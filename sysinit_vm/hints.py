"""Hints keep what was typed: a command to type next means the same VM, and has the options of the one that failed.

Whoever writes a hint names the command alone, as in ``sysinit-vm start``. The words that were typed are known for as
long as the command runs (``typing``), and ``completed`` puts them in.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

_CHOICE = ("project", "name")  # which VM is meant
# How much is shown, or how; what `help` was asked about, instead of which it names something else; an answer to what
# was not asked yet.
_NEVER_REPEATED = {"all", "json", "topic", "yes"}
# All else that trust has decides what is allowed, and whose config: its hints say that themselves.
_REPEATED_FOR_TRUST = {"project"}
_FLAGS: dict[str, AbstractSet[str]] = {}
_QUOTED = r"""'(?:[^']|'"'"')*'"""  # by shlex.quote: a path or a word, whatever it says
_COMMAND = re.compile(rf"{_QUOTED}|(?<![\w./-])(?P<command>sysinit-vm (?P<verb>[a-z][\w.-]*))")


class _Typed(NamedTuple):
    verb: str = ""
    options: Mapping[str, Any] = {}


_typed: ContextVar[_Typed | None] = ContextVar("_typed", default=None)


def register(verb: str, flags: AbstractSet[str]) -> None:
    """Make known which ``flags`` the command ``verb`` has: parameter names, such as ``no_stdin``."""
    _FLAGS[verb] = flags & _REPEATED_FOR_TRUST if verb == "trust" else flags


@contextmanager
def typing(verb: str, options: Mapping[str, Any]) -> Iterator[None]:
    """Say that ``verb`` runs, and which ``options`` were typed: values by parameter name; None and False are none."""
    token = _typed.set(_Typed(verb, options))
    try:
        yield
    finally:
        _typed.reset(token)


def typed_verb() -> str:
    """Return the command that runs, empty if none does: for what several take in the same way."""
    return (_typed.get() or _Typed()).verb


def completed(text: str, about: str = "") -> str:
    """Return ``text`` with the options that were typed in each ``sysinit-vm COMMAND`` that has them.

    --project and --name go to every command, all options to the same command; the name that ``init`` was given is in
    the config, so it goes to no other. What the text itself says stays, and an
    option that ``about``, an error's first sentence, names or whose value it quotes, as ``repr`` does, is what is
    wrong: it is not repeated. After a ``cd`` the
    directory says which project is meant. Nothing is put into a quoted word: it would end the quotes.
    """
    commands = [match for match in _COMMAND.finditer(text) if match["command"]]
    starts = [*(match.start() for match in commands), len(text)]
    result = text[: starts[0]]
    for match, end in zip(commands, starts[1:], strict=True):
        rest = text[match.end() : end]
        own = re.split(r"[,;`](?:\s|$)", re.sub(_QUOTED, "", rest), maxsplit=1)[0]
        words = _options(match["verb"], own, about, moved="cd " in text[: match.start()])
        result += " ".join([match["command"], *words]) + rest
    return result


def _options(verb: str, own: str, about: str, *, moved: bool) -> list[str]:
    current = _typed.get() or _Typed()
    choice = _CHOICE[:1] if current.verb == "init" else _CHOICE
    repeated = current.options if verb == current.verb else choice
    return [
        word
        for name in repeated
        if name in _FLAGS.get(verb, ()) and name not in _NEVER_REPEATED and not (moved and name == "project")
        if not re.search(rf"{_flag(name)}(?![\w-])", f"{own} {about}")
        if repr(current.options.get(name)) not in about
        for word in _words(_flag(name), current.options.get(name))
    ]


def _flag(name: str) -> str:
    return f"--{name.strip('_').replace('_', '-')}"


def _words(flag: str, value: Any) -> list[str]:
    if isinstance(value, list):
        return [word for item in value for word in _words(flag, item)]
    return [] if value is None or value is False else [flag] if value is True else [flag, shlex.quote(str(value))]
