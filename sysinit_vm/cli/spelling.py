"""How a command line may be spelled: plain words that stand for flags, and words that are passed on as they are."""

import shlex
from collections.abc import Mapping

from invoke.parser.argument import Argument

from sysinit_vm.cli.completion import PASS_THROUGH, Command

_Flags = Mapping[str, Argument]


def normalized(words: list[str], commands: Mapping[str, Command]) -> list[str]:
    """Return ``words`` as Invoke's parser accepts them; ``commands`` has each command under each of its names.

    A plain word after `init` or `logs` becomes the value of a flag, unless it is a command itself; after `help` all
    plain words do. The words after `exec` and its flags, and the words of `copy` that are not flags, become one quoted
    element after ``--``.
    """
    result: list[str] = []
    flags: _Flags = {}
    while words:
        result += take_flags(words, flags)
        if not words or words[0] == "--":
            return [*result, *words]
        command = commands.get(word := words.pop(0))
        flags = command.context.flags if command else {}
        result += [word, *take_flags(words, flags)]
        if word in PASS_THROUGH:
            flag_words, rest = _separate_flags(words, flags) if word == "copy" else ([], words)
            rest = rest[1:] if rest[:1] == ["--"] else rest
            return [*result, *flag_words, "--", shlex.join(rest)] if rest else [*result, *flag_words]
        result += _take_plain_words(words, command, commands) if command else []
    return result


def _take_plain_words(words: list[str], command: Command, commands: Mapping[str, Command]) -> list[str]:
    """Remove the plain words that stand for the command's flag from the front of ``words``; return them as its values.

    A flag that may be repeated takes all of them.
    """
    flag, flags = f"--{command.word}", command.context.flags
    if flag not in flags or not words or words[0] == "--":
        return []
    if flags[flag].kind is not list:
        return [] if words[0] in commands else [flag, words.pop(0)]
    taken: list[str] = []
    while words and words[0] != "--":
        taken += take_flags(words, flags) or [flag, words.pop(0)]
    return taken


def _separate_flags(words: list[str], flags: _Flags) -> tuple[list[str], list[str]]:
    """Return the flags among ``words`` and the other words: like `cp`, accept flags anywhere before ``--``."""
    flag_words, rest = list[str](), list[str]()
    while words and words[0] != "--":
        flag_words += take_flags(words, flags)
        rest += [words.pop(0)] if words and words[0] != "--" else []
    return flag_words, rest + words[1:] if words else rest


def take_flags(words: list[str], flags: _Flags) -> list[str]:
    """Remove flags from the front of ``words`` and return them, with the values of those in ``flags`` that take one."""
    taken = []
    while words and words[0].startswith("-") and words[0] != "--":
        taken.append(flag := words.pop(0))
        argument = flags.get(flag)
        if argument is not None and argument.takes_value and words:
            taken.append(words.pop(0))
    return taken
