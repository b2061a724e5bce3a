"""How a command line may be spelled: plain words that stand for flags, and words that are taken exactly."""

import shlex
from collections.abc import Mapping

from invoke.parser.argument import Argument

from sysinit_vm.cli.completion import PASS_THROUGH, Command

_Flags = Mapping[str, Argument]


def normalized(words: list[str], commands: Mapping[str, Command]) -> list[str]:
    """Return ``words`` as Invoke's parser takes them; ``commands`` has each command under each of its names.

    A plain word after `init` or `logs` becomes the value of its flag, unless it is a command itself; after `help` all
    plain words do. What follows `exec` and its own flags, and what `copy` has beside flags, becomes one quoted element
    after ``--``.
    """
    done: list[str] = []
    flags: _Flags = {}
    while words:
        done += take_flags(words, flags)
        if not words or words[0] == "--":
            return [*done, *words]
        command = commands.get(word := words.pop(0))
        flags = command.context.flags if command else {}
        done += [word, *take_flags(words, flags)]
        if word in PASS_THROUGH:
            mixed, rest = _parted(words, flags) if word == "copy" else ([], words)
            rest = rest[1:] if rest[:1] == ["--"] else rest
            return [*done, *mixed, "--", shlex.join(rest)] if rest else [*done, *mixed]
        done += _plain(words, command, commands) if command else []
    return done


def _plain(words: list[str], command: Command, commands: Mapping[str, Command]) -> list[str]:
    """Take the plain words that are values of the ``command``'s flag off the front of ``words``, the flag before each.

    A flag that may be repeated takes all of them.
    """
    flag, flags = f"--{command.plain}", command.context.flags
    if flag not in flags or not words or words[0] == "--":
        return []
    if flags[flag].kind is not list:
        return [] if words[0] in commands else [flag, words.pop(0)]
    taken: list[str] = []
    while words and words[0] != "--":
        taken += take_flags(words, flags) or [flag, words.pop(0)]
    return taken


def _parted(words: list[str], flags: _Flags) -> tuple[list[str], list[str]]:
    """Return the flags among ``words``, as `cp` takes them anywhere before ``--``, and the rest."""
    mixed, rest = list[str](), list[str]()
    while words and words[0] != "--":
        mixed += take_flags(words, flags)
        rest += [words.pop(0)] if words and words[0] != "--" else []
    return mixed, rest + words[1:] if words else rest


def take_flags(words: list[str], flags: _Flags) -> list[str]:
    """Take flags off the front of ``words``, with the values of those that are in ``flags`` and take one."""
    taken = []
    while words and words[0].startswith("-") and words[0] != "--":
        taken.append(flag := words.pop(0))
        known = flags.get(flag)
        if known is not None and known.takes_value and words:
            taken.append(words.pop(0))
    return taken
