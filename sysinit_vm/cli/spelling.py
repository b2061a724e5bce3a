"""How a command line may be spelled: synonyms, plain words that stand for flags, and words that are passed on."""

import re
import shlex
from collections.abc import Mapping, Sequence

from sysinit_vm.cli import other_flags, synonyms
from sysinit_vm.cli.completion import CHAIN, PASS_THROUGH, VALUES, vm_names
from sysinit_vm.cli.index import Command, Flag, Flags
from sysinit_vm.errors import UsageError, typed

_SIZES = ("--memory", "--disk")
_UNIT = re.compile(r"[kmgt](i?b)?", re.IGNORECASE)  # of a size that was typed as two words
_SHORT = re.compile(r"(-[a-zA-Z])=?(.*)", re.DOTALL)  # a short flag, perhaps with its value: -n20


def normalized(words: list[str], commands: Mapping[str, Command], core: Flags) -> list[str]:
    """Return ``words`` as Invoke's parser accepts them; ``commands`` has each command under each of its names.

    ``core`` has the flags before a command. If ``--chain`` is among them, each of the commands that follow is
    translated, otherwise only the first: what follows that is an error, which shows it as it was typed.

    A synonym becomes the command's own name, ``-y``, ``-f`` and ``-n`` after it the flags that they stand for. A plain
    word after `init`, `up` or `logs` becomes the value of a flag, unless it is a command or a VM; after `help` all
    plain words do. The words after `exec` and its flags, and the words of `copy` that are not flags, become one quoted
    element after ``--``. UsageError if the command has no flag that a short one stands for, and for a VM's name as the
    first word of `exec`: it would run in the guest.
    """
    result: list[str] = []
    flags = core
    if words[:1] and words[0] in synonyms.HELP:
        words[0] = "--help"
    while words:
        result += take_flags(words, flags)
        if not words or words[0] == "--":
            return [*result, *words]
        word = words.pop(0)
        if word in synonyms.CORE_FLAGS and not words:
            return [*result, synonyms.CORE_FLAGS[word]]
        word = synonyms.COMMANDS.get(word, word)
        command = commands.get(word)
        flags = command.flags if command else {}
        result += [word]
        place = len(result)
        result += _take_flags(words, command, core)
        if command and word in PASS_THROUGH:
            flag_words, rest = _separate_flags(words, command, core) if word == "copy" else ([], words)
            if word == "exec" and rest and rest[0] in vm_names():
                hint = typed("sysinit-vm", *result, "--name", *rest)
                raise UsageError(f"exec takes no {rest[0]}.", detail="--name VM chooses a VM.", hint=hint)
            rest = rest[1:] if rest[:1] == ["--"] else rest
            return [*result, *flag_words, "--", shlex.join(rest)] if rest else [*result, *flag_words]
        result += _take_plain_words(words, command, commands) if command else []
        if command and CHAIN not in result:
            return [*result, *_take_flags(words, command, core, before=result[place:]), *words]
    return result


def _take_plain_words(words: list[str], command: Command, commands: Mapping[str, Command]) -> list[str]:
    """Remove the plain words that stand for the command's flag from the front of ``words``; return them as its values.

    A flag that may be repeated takes all of them.
    """
    flag, flags = f"--{command.word}", command.flags
    if flag not in flags or not words or words[0] == "--":
        return []
    if not flags[flag].repeatable:
        if flag == "--template" and words[0] in {".", ".."}:
            return []
        return [] if words[0] in commands or _is_vm(words[0], command.word) else [flag, words.pop(0)]
    taken: list[str] = []
    while words and words[0] != "--":
        taken += take_flags(words, flags) or [flag, words.pop(0)]
    return taken


def _is_vm(word: str, flag: str) -> bool:
    """Whether ``word`` is a VM's name, and no value of ``flag``."""
    return word in vm_names() and word not in VALUES.get(flag, tuple)()


def _separate_flags(words: list[str], command: Command, core: Flags) -> tuple[list[str], list[str]]:
    """Return the flags among ``words`` and the other words: like `cp`, accept flags anywhere before ``--``."""
    flag_words, rest = list[str](), list[str]()
    while words and words[0] != "--":
        flag_words += _take_flags(words, command, core)
        rest += [words.pop(0)] if words and words[0] != "--" else []
    return flag_words, rest + words[1:] if words else rest


def _take_flags(words: list[str], command: Command | None, core: Flags, *, before: Sequence[str] = ()) -> list[str]:
    """As ``take_flags`` for the flags of ``command``, with long flags for short ones; UsageError if it has no such.

    ``before`` are the words between the command and ``words``, for what is to be typed instead. So the short flags in
    ``core`` are refused: Invoke takes them after a command too, and `up -d` would only debug it.
    """
    flags, name = (command.flags, command.name) if command else ({}, None)
    taken: list[str] = []
    while words and words[0].startswith("-") and words[0] != "--":
        if name and words[0] in synonyms.HELP:
            words[0] = "--help"
        if name:
            _translate(name, words, flags, core, [*before, *taken])
        taken += _take_flag(words, flags)
    return taken


def _translate(name: str, words: list[str], flags: Flags, core: Flags, taken: Sequence[str]) -> None:
    """Put the long flag in place of a short one that is the first of ``words``; UsageError if ``name`` has no such."""
    error = other_flags.explained(name, words[0], flags, taken, words[1:])
    if error:
        raise error
    short = _SHORT.fullmatch(words[0])
    if short is None or short[1] == "-h":
        return
    hint = f"sysinit-vm help {name}"
    if short[1] in synonyms.SHORT_FLAGS:
        long = synonyms.long_flag(short[1], flags)
        if not long:
            raise UsageError(f"{name} takes no {short[1]}.", detail=synonyms.SHORT_FLAGS_TEXT[short[1]], hint=hint)
        words[:1] = [long, *_after_short(short[2], flags[long])]
    elif short[1] in core:
        detail = f"{short[1]} is --{core[short[1]].name}, of Invoke, which goes before the command."
        raise UsageError(f"{name} takes no {short[1]}.", detail=detail, hint=hint)


def _after_short(rest: str, argument: Flag) -> list[str]:
    """Return what follows in the same word as a short flag: its value, or more short flags."""
    return [] if not rest else [rest] if argument.takes_value else [f"-{rest}"]


def take_flags(words: list[str], flags: Flags) -> list[str]:
    """Remove flags from the front of ``words`` and return them, with the values of those in ``flags`` that take one."""
    taken: list[str] = []
    while words and words[0].startswith("-") and words[0] != "--":
        taken += _take_flag(words, flags)
    return taken


def _take_flag(words: list[str], flags: Flags) -> list[str]:
    """Remove the flag that is the first of ``words``, and its value if it takes one, and return them."""
    flag = words.pop(0)
    argument = flags.get(flag)
    if argument is None or not argument.takes_value or not words:
        return [flag]
    value = words.pop(0)
    if flag in _SIZES and value.isdecimal() and words and _UNIT.fullmatch(words[0]):
        value += words.pop(0)
    return [flag, value]
