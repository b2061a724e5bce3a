"""What a shell offers at the next key: commands, flags, and the values that we know."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from invoke.parser.context import ParserContext

from sysinit_vm import editors, files
from sysinit_vm.errors import UsageError
from sysinit_vm.init import templates
from sysinit_vm.lima import logs
from sysinit_vm.lima.home import lima_home

# What follows these and their flags is words of the user's own, among which no command is looked for.
PASS_THROUGH = ("exec", "copy")
SHELLS = ("bash", "zsh", "fish")
_Values = Callable[[], Iterable[str]]


def script(shell: str) -> str:
    """Return what a shell is to evaluate; UsageError for one that we have nothing for."""
    if shell not in SHELLS:
        raise UsageError(
            f"There is no completion for {shell!r}.",
            detail=f"There is one for {', '.join(SHELLS)}.",
            hint="sysinit-vm completion bash",
        )
    return (files.data("templates") / "completion" / shell).read_text(encoding="utf-8")


def vm_names() -> list[str]:
    """Return the names of the instances below LIMA_HOME, without asking limactl, which costs too much at a key."""
    return sorted(path.parent.name for path in lima_home().glob("*/lima.yaml"))


# The values of flags, and so of the plain words that stand for them.
VALUES: Mapping[str, _Values] = {
    "name": vm_names,
    "template": templates.available_names,
    "source": lambda: logs.SOURCES,
    "shell": lambda: SHELLS,
    "editor": lambda: editors.EDITORS,
}


@dataclass(frozen=True)
class Command:
    """One command under one of its names: Invoke's context, a line of help, the flag of its plain word."""

    context: ParserContext
    help: str = ""
    plain: str = ""


@dataclass(frozen=True)
class _Line:
    """A command line up to the cursor: ``awaits`` is the flag whose value comes, ``words`` the plain ones so far."""

    verb: Command | None
    awaits: str = ""
    words: int = 0
    closed: bool = False  # past `--`, or among exact words


def candidates(words: Sequence[str], commands: Mapping[str, Command], core: ParserContext) -> list[tuple[str, str]]:
    """Return what may stand for the last of ``words``, each with its help; files are the shell's own affair.

    ``words`` follow the program's name; the last is not finished and may be empty. ``core`` has the flags that
    stand before a command.
    """
    *before, last = words or [""]
    found = _fitting(_read(before, commands, core), last, commands, core)
    return sorted({(word, text) for word, text in found if word.startswith(last)})


def _read(before: Sequence[str], commands: Mapping[str, Command], core: ParserContext) -> _Line:
    line = _Line(None)
    for word in before:
        known = (line.verb.context if line.verb else core).flags.get(word)
        if line.awaits:
            line = replace(line, awaits="")
        elif word == "--" or (_is(line.verb, *PASS_THROUGH) and not word.startswith("-")):
            return replace(line, closed=True)
        elif word.startswith("-"):
            line = replace(line, awaits=str(known.name) if known and known.takes_value else "")
        elif word in commands and not _is(line.verb, "help"):
            line = _Line(commands[word])
        else:
            line = replace(line, words=line.words + 1)
    return line


def _is(verb: Command | None, *names: str) -> bool:
    return verb is not None and verb.context.name in names


def _fitting(line: _Line, last: str, commands: Mapping[str, Command], core: ParserContext) -> Iterator[tuple[str, str]]:
    if line.closed:
        return
    if line.awaits:
        yield from _values(line.awaits, commands)
    elif last.startswith("-"):
        yield from _flags(line.verb.context if line.verb else core, last, commands)
    elif line.verb and line.verb.plain and not line.words:
        yield from _values(line.verb.plain, commands)
    elif not _is(line.verb, *PASS_THROUGH):
        yield from ((name, each.help) for name, each in commands.items())


def _values(flag: str, commands: Mapping[str, Command]) -> Iterator[tuple[str, str]]:
    if flag == "topic":
        yield from ((name, each.help) for name, each in commands.items())
    yield from ((word, "") for word in VALUES.get(flag, tuple)())


def _flags(context: ParserContext, last: str, commands: Mapping[str, Command]) -> Iterator[tuple[str, str]]:
    """The flags, or those values that follow ``FLAG=`` in one word."""
    flag, given, _ = last.partition("=")
    known = context.flags.get(flag)
    if given:
        yield from ((f"{flag}={word}", text) for word, text in _values(str(known.name) if known else "", commands))
        return
    for each in [*context.flags, *context.inverse_flags]:
        if each.startswith("--"):
            argument = context.flags.get(each)
            yield each, (argument.help or "") if argument else ""
