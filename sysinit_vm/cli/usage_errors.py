"""What is said of a command line that cannot be parsed: what was meant, and what to type."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from invoke.exceptions import ParseError
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext

from sysinit_vm.cli.completion import PASS_THROUGH, Command
from sysinit_vm.cli.spelling import take_flags
from sysinit_vm.errors import UsageError, typed

_UNKNOWN = re.compile(r"No idea what '(.*)' is!", re.DOTALL)
_NO_VALUE = re.compile(r"Flag <Argument: ([\w-]+).*> needed value and was not given one!")


def explain_parse_error(
    error: ParseError, words: Sequence[str], commands: Mapping[str, Command], core: ParserContext
) -> UsageError:
    """Return what is said of ``words`` for which Invoke's parser has only ``error``; ``core`` has its own flags.

    ``words`` are what follows those, as ``spelling`` gives them: exact ones are one after ``--``, quoted.
    """
    name, told = error.context.name if error.context else None, _UNKNOWN.fullmatch(str(error))
    if told is None:
        brief = _NO_VALUE.sub(r"--\1 needs a value.", str(error))
        return UsageError(brief, hint=" ".join(filter(None, ["sysinit-vm help", name])))
    word = told[1]
    if not word.startswith("-"):
        return unknown_command(word, commands)
    if name:
        detail = _meant(_nearest(word, commands[name].context.flags))
        return UsageError(f"{name} takes no {word}.", detail=detail, hint=f"sysinit-vm help {name}")
    ours = {flag: known for each in commands.values() for flag, known in each.context.flags.items()}
    if word in ours:
        return UsageError(f"{word} goes after its command.", hint=_behind(list(words), commands, ours))
    detail = _meant(_nearest(word, [*core.flags, *ours]))
    return UsageError(f"Unknown flag: {word}.", detail=detail, hint="sysinit-vm help")


def unknown_command(name: str, known: Iterable[str], *, explain: bool = False) -> UsageError:
    """Return the error for an unknown command, which meant those of ``known`` that it begins, else the nearest.

    ``explain`` where it was to be explained instead of run.
    """
    known = sorted(known)
    near = [each for each in known if name and each.startswith(name)] or _nearest(name, known)
    words = ["help"] if not near else ["help", near[0]] if explain or len(near) > 1 else near
    return UsageError(f"Unknown command: {name}.", detail=_meant(near), hint=typed("sysinit-vm", *words))


def _behind(words: list[str], commands: Mapping[str, Command], ours: Mapping[str, Argument]) -> str:
    """Return the first command of ``words`` with the flags that stand before it behind it, else how to get help."""
    lead = take_flags(words, ours)
    command = commands.get(words[0]) if words else None
    if command is None:
        return "sysinit-vm help"
    name, flags = words.pop(0), command.context.flags
    if any(each in ours and each not in flags for each in lead):
        return f"sysinit-vm help {name}"
    line = typed("sysinit-vm", name, *lead, *take_flags(words, flags))
    return f"{line} {words[1]}" if name in PASS_THROUGH and words[:1] == ["--"] else line


def _nearest(word: str, known: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(word, list(known), n=1)


def _meant(words: Sequence[str]) -> str:
    listed = " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
    return f"Did you mean {listed}?" if words else ""
