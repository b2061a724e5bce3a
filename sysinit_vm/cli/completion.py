"""What a shell completes: commands, flags, and those values of flags that we know."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sysinit_vm.cli import synonyms
from sysinit_vm.cli.index import Command, Flags

# These commands pass on the words after their flags as they are, so no command is looked for among them.
PASS_THROUGH = ("exec", "copy")
CHAIN = "--chain"  # before the first of several commands
SHELLS = ("bash", "zsh", "fish")
_ValueSource = Callable[[], Iterable[str]]
_Completions = Iterator[tuple[str, str]]  # each word, and its help


def script(shell: str) -> str:
    """Return the completion script that ``shell`` evaluates; UsageError if we have none for that shell."""
    from sysinit_vm import files
    from sysinit_vm.errors import UsageError

    if shell not in SHELLS:
        raise UsageError(
            f"There is no completion for {shell!r}.",
            detail=f"The shells are: {', '.join(SHELLS)}.",
            hint="sysinit-vm completion bash",
        )
    return (files.data("templates") / "completion" / shell).read_text(encoding="utf-8")


def vm_names() -> list[str]:
    """Return the names of the instances below LIMA_HOME. limactl is not asked: it is too slow for completion."""
    from sysinit_vm.lima.home import all_instance_files

    return [instance_files.name for instance_files in all_instance_files()]


def _templates() -> Iterable[str]:
    from sysinit_vm.init import templates

    return templates.available_names()


def _log_sources() -> Iterable[str]:
    from sysinit_vm.lima import logs

    return logs.SOURCES


def _editors() -> Iterable[str]:
    from sysinit_vm import editors

    return editors.EDITORS


# The values of flags, and so of the plain words that stand for flags. What knows them is loaded when it is asked: TAB
# is pressed far more often after a command.
VALUES: Mapping[str, _ValueSource] = {
    "name": vm_names,
    "template": _templates,
    "source": _log_sources,
    "shell": lambda: SHELLS,
    "editor": _editors,
}


class _LineSoFar(NamedTuple):
    """A command line before the word to complete.

    ``value_of`` is the flag whose value comes next, ``plain_words`` how many words the command has, ``passed_on``
    whether the next word is passed on as it is: after ``--``, or among the words of PASS_THROUGH; ``chained`` whether
    more commands may follow.
    """

    command: Command | None
    value_of: str = ""
    plain_words: int = 0
    passed_on: bool = False
    chained: bool = False

    @property
    def more_commands(self) -> bool:
        """Whether the next word may be a command to run."""
        return self.command is None or (self.chained and not _is(self.command, "help", *PASS_THROUGH))


def candidates(words: Sequence[str], commands: Mapping[str, Command], core: Flags) -> list[tuple[str, str]]:
    """Return the completions of the last of ``words``, each with its help. The shell itself completes file names.

    ``words`` follow the program's name; the last is unfinished and may be empty. ``core`` has the flags that stand
    before a command.
    """
    *before, last = words or [""]
    completions = _completions(_parse(before, commands, core), last, commands, core)
    return sorted({(word, text) for word, text in completions if word.startswith(last)})


def _parse(before: Sequence[str], commands: Mapping[str, Command], core: Flags) -> _LineSoFar:
    line = _LineSoFar(None)
    for word in before:
        flag = (line.command.flags if line.command else core).get(word)
        if line.value_of:
            line = line._replace(value_of="")
        elif word == "--" or (_is(line.command, *PASS_THROUGH) and not word.startswith("-")):
            return line._replace(passed_on=True)
        elif word.startswith("-"):
            chained = line.chained or word == CHAIN
            line = line._replace(value_of=flag.name if flag and flag.takes_value else "", chained=chained)
        elif line.more_commands and synonyms.COMMANDS.get(word, word) in commands:
            line = _LineSoFar(commands[synonyms.COMMANDS.get(word, word)], chained=line.chained)
        else:
            line = line._replace(plain_words=line.plain_words + 1)
    return line


def _is(command: Command | None, *names: str) -> bool:
    return command is not None and command.name in names


def _completions(line: _LineSoFar, last: str, commands: Mapping[str, Command], core: Flags) -> _Completions:
    if line.passed_on:
        return
    if line.value_of:
        yield from _values(line.value_of, commands)
    elif last.startswith("-"):
        inverse_flags = line.command.inverse_flags if line.command else []
        yield from _flags(line.command.flags if line.command else core, inverse_flags, last, commands)
    elif line.command and line.command.word and not line.plain_words:
        yield from _values(line.command.word, commands)
    elif line.more_commands or _is(line.command, "help"):
        yield from ((name, f"{command.summary}.") for name, command in commands.items())


def _values(flag: str, commands: Mapping[str, Command]) -> _Completions:
    if flag == "topic":
        yield from ((name, f"{command.summary}.") for name, command in commands.items())
    yield from ((word, "") for word in VALUES.get(flag, tuple)())


def _flags(flags: Flags, inverse_flags: Sequence[str], last: str, commands: Mapping[str, Command]) -> _Completions:
    """Yield the flags, or the values of the flag in ``FLAG=`` as one word with it."""
    name, equals_sign, _ = last.partition("=")
    if equals_sign:
        values = _values(flags[name].name if name in flags else "", commands)
        yield from ((f"{name}={value}", text) for value, text in values)
        return
    yield from (
        (flag, flags[flag].help if flag in flags else "") for flag in (*flags, *inverse_flags) if flag[:2] == "--"
    )
