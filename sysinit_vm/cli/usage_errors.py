"""The errors for a command line that cannot be parsed: what the user may have meant, and what to type."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from invoke.exceptions import ParseError
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext

from sysinit_vm.cli.completion import PASS_THROUGH, Command
from sysinit_vm.cli.spelling import take_flags
from sysinit_vm.errors import UsageError, typed

_UNKNOWN_WORD = re.compile(r"No idea what '(.*)' is!", re.DOTALL)
_MISSING_VALUE = re.compile(r"Flag <Argument: ([\w-]+).*> needed value and was not given one!")


def explain_parse_error(
    error: ParseError, words: Sequence[str], commands: Mapping[str, Command], core: ParserContext
) -> UsageError:
    """Return the error to show in place of the parser's own ``error``; ``core`` has the flags before a command.

    ``words`` follow those flags, as ``spelling.normalized`` returns them: words to pass on are one quoted element after
    ``--``.
    """
    name, match = error.context.name if error.context else None, _UNKNOWN_WORD.fullmatch(str(error))
    if match is None:
        brief = _MISSING_VALUE.sub(r"--\1 needs a value.", str(error))
        return UsageError(brief, hint=" ".join(filter(None, ["sysinit-vm help", name])))
    word = match[1]
    if not word.startswith("-"):
        return unknown_command(word, commands)
    if name:
        detail = _did_you_mean(_closest(word, commands[name].context.flags))
        return UsageError(f"{name} takes no {word}.", detail=detail, hint=f"sysinit-vm help {name}")
    all_flags = {flag: argument for command in commands.values() for flag, argument in command.context.flags.items()}
    if word in all_flags:
        return UsageError(f"{word} goes after its command.", hint=_reordered(list(words), commands, all_flags))
    detail = _did_you_mean(_closest(word, [*core.flags, *all_flags]))
    return UsageError(f"Unknown flag: {word}.", detail=detail, hint="sysinit-vm help")


def unknown_command(name: str, commands: Iterable[str], *, explain: bool = False) -> UsageError:
    """Return the error for an unknown command. It suggests the ``commands`` that begin with ``name``, or the closest.

    ``explain`` says that the user asked for the command's help.
    """
    commands = sorted(commands)
    similar = [command for command in commands if name and command.startswith(name)] or _closest(name, commands)
    words = ["help"] if not similar else ["help", similar[0]] if explain or len(similar) > 1 else similar
    return UsageError(f"Unknown command: {name}.", detail=_did_you_mean(similar), hint=typed("sysinit-vm", *words))


def _reordered(words: list[str], commands: Mapping[str, Command], all_flags: Mapping[str, Argument]) -> str:
    """Return the first command of ``words`` with the flags before it moved after it, or else how to get help."""
    leading_flags = take_flags(words, all_flags)
    command = commands.get(words[0]) if words else None
    if command is None:
        return "sysinit-vm help"
    name, flags = words.pop(0), command.context.flags
    if any(flag in all_flags and flag not in flags for flag in leading_flags):
        return f"sysinit-vm help {name}"
    line = typed("sysinit-vm", name, *leading_flags, *take_flags(words, flags))
    return f"{line} {words[1]}" if name in PASS_THROUGH and words[:1] == ["--"] else line


def _closest(word: str, candidates: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(word, list(candidates), n=1)


def _did_you_mean(words: Sequence[str]) -> str:
    alternatives = " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
    return f"Did you mean {alternatives}?" if words else ""
