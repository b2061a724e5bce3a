"""The errors for a command line that cannot be parsed: what the user may have meant, and what to type."""

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

from invoke.exceptions import ParseError

from sysinit_vm.cli import config_flags, other_flags, synonyms
from sysinit_vm.cli.completion import PASS_THROUGH, vm_names
from sysinit_vm.cli.index import Command, Flags
from sysinit_vm.cli.spelling import take_flags
from sysinit_vm.cli.words_too_many import no_vm, too_many_words, vm_called
from sysinit_vm.errors import UsageError, edit, typed
from sysinit_vm.projects import search

_UNKNOWN_WORD = re.compile(r"No idea what '(.*)' is!", re.DOTALL)
_MISSING_VALUE = re.compile(r"Flag <Argument: ([\w-]+).*> needed value and was not given one!")
_NEVER_GUESSED = ("destroy", "rm", "prune")  # these delete


def explain_parse_error(
    error: ParseError, words: Sequence[str], commands: Mapping[str, Command], core: Flags, *, chained: bool
) -> UsageError:
    """Return the error to show in place of the parser's own ``error``; ``core`` has the flags before a command.

    ``words`` follow those flags, as ``spelling.normalized`` returns them: words to pass on are one quoted element after
    ``--``. ``chained`` says that they may have more than one command.
    """
    name, match = error.context.name if error.context else None, _UNKNOWN_WORD.fullmatch(str(error))
    if chained and name:
        words = from_command(words, name, commands)
    if name and not _is_command(words[0], name, commands):
        return too_many_words(words, commands)
    if match is None:
        brief = _MISSING_VALUE.sub(r"--\1 needs a value.", str(error))
        return UsageError(brief, hint=" ".join(filter(None, ["sysinit-vm help", name])))
    word = match[1]
    if not word.startswith("-"):
        return too_many_words(words, commands) if name else unknown_command(word, commands, words[1:])
    if name:
        detail = _did_you_mean(_closest(word, [flag for flag in commands[name].flags if flag != "--recreate"]))
        return UsageError(f"{name} takes no {word}.", detail=detail, hint=f"sysinit-vm help {name}")
    all_flags = {flag: argument for command in commands.values() for flag, argument in command.flags.items()}
    if word in all_flags or word in synonyms.SHORT_FLAGS:
        return _before_its_command(word, words, commands, all_flags)
    if explanation := synonyms.ONLY_EXPLAINED.get(word):
        return _explained(explanation, words)
    detail = _did_you_mean(_closest(word, [*core, *all_flags]))
    return UsageError(f"Unknown flag: {word}.", detail=detail, hint="sysinit-vm help")


def unknown_command(
    name: str, commands: Iterable[str], words: Sequence[str] = (), *, explain: bool = False
) -> UsageError:
    """Return the error for an unknown command, which ``words`` follow.

    It suggests the ``commands`` that begin with ``name``, or the closest, but never one that deletes. ``explain`` says
    that the user asked for the command's help.
    """
    explanation = synonyms.ONLY_EXPLAINED.get(name)
    if explanation:
        return _explained(explanation, words)
    if name in synonyms.PROGRAMS and not explain:
        as_program = typed("sysinit-vm", "exec", name, *words)
        return UsageError(f"Unknown command: {name}.", detail="`exec` runs a program in the VM.", hint=as_program)
    if name in synonyms.TOOLS and not explain:
        return _of_tool(name, words, commands)
    known, spelled = sorted({*commands, *synonyms.COMMANDS}), name.lower()
    harmless = [command for command in known if command not in _NEVER_GUESSED]
    similar = [command for command in harmless if name and command.startswith(spelled)]
    similar = [spelled] if spelled in harmless else similar or _closest(spelled, known)
    if not set(similar) <= set(harmless):
        similar = []
    hint = ["help"] if not similar else ["help", similar[0]] if explain or len(similar) > 1 else similar
    return UsageError(f"Unknown command: {name}.", detail=_did_you_mean(similar), hint=typed("sysinit-vm", *hint))


def _of_tool(name: str, words: Sequence[str], commands: Iterable[str]) -> UsageError:
    """Return the error for a command line of another tool, such as `docker compose up`, without that tool's name."""
    rest = list(words)
    while rest and rest[0] in synonyms.TOOLS:
        rest.pop(0)
    if "--" in rest:  # what is passed on is one quoted element
        rest = [*rest[: rest.index("--")], *shlex.split(rest[-1])]
    runs = {*commands, *synonyms.COMMANDS} - set(_NEVER_GUESSED)
    hint = typed("sysinit-vm", *rest) if rest and rest[0] in runs else "sysinit-vm help"
    return UsageError(f"Unknown command: {name}.", detail=f"sysinit-vm stands in the place of {name}.", hint=hint)


def _explained(explanation: synonyms.Explanation, words: Sequence[str]) -> UsageError:
    """Return the error for a word that runs nothing, and which ``words`` follow."""
    chosen = next((word for word in words if not word.startswith("-")), "") if explanation.of_vm else ""
    if explanation.edits and chosen not in vm_names() and config_flags.of_words([chosen]):
        chosen = ""
    vm = vm_called(chosen) if chosen else None
    if chosen and not vm and not explanation.edits:
        return UsageError(explanation.brief, detail=f"{explanation.detail} {no_vm(chosen)}", hint="sysinit-vm list")
    which = ["--name", vm] if vm else []
    hint = typed("sysinit-vm", *explanation.command.split(), *which)
    if not explanation.edits or which:
        return UsageError(explanation.brief, detail=explanation.detail, hint=hint)
    if advice := config_flags.of_words(words):
        return UsageError(explanation.brief, detail=advice.detail, hint=advice.hint)
    if explanation.command == "plan":
        return UsageError(explanation.brief, detail=explanation.detail, hint=hint)
    project = search.nearest(None)
    hint = f"{edit(project.config)}, then {hint}" if project else "sysinit-vm init"
    return UsageError(explanation.brief, detail=explanation.detail, hint=hint)


def from_command(words: Sequence[str], name: str, commands: Mapping[str, Command]) -> Sequence[str]:
    """Return ``words`` from the command ``name`` on, which is among them under one of its names."""
    return words[next(place for place, word in enumerate(words) if _is_command(word, name, commands)) :]


def _is_command(word: str, name: str, commands: Mapping[str, Command]) -> bool:
    return word in commands and commands[word].name == name


def _before_its_command(
    word: str, words: Sequence[str], commands: Mapping[str, Command], all_flags: Flags
) -> UsageError:
    """Return the error for the flag ``word`` of a command that ``words`` have before the command."""
    rest = list(words)
    leading_flags = take_flags(rest, all_flags)
    command = commands.get(rest[0]) if rest else None
    if command:
        before = [flag for flag in leading_flags if flag != word]
        _, *after = rest
        if command.name in PASS_THROUGH and "--" in after:  # what is passed on is one quoted element
            after[after.index("--") :] = shlex.split(after[-1])
        error = other_flags.explained(command.name, word, command.flags, before, after)
        if error:
            return error
    return UsageError(f"{word} goes after its command.", hint=_reordered(list(words), commands, all_flags))


def _reordered(words: list[str], commands: Mapping[str, Command], all_flags: Flags) -> str:
    """Return the first command of ``words`` with the flags before it moved after it, or else how to get help."""
    leading_flags = take_flags(words, all_flags)
    command = commands.get(words[0]) if words else None
    if command is None:
        return "sysinit-vm help"
    name, flags = words.pop(0), command.flags
    if any(flag in all_flags and flag not in flags for flag in leading_flags):
        return f"sysinit-vm help {name}"
    line = typed("sysinit-vm", name, *leading_flags, *take_flags(words, flags))
    if name not in PASS_THROUGH:
        return line
    return f"{line} {words[1]}" if words[:1] == ["--"] else f"{line} {typed(*words)}".rstrip()


def _closest(word: str, candidates: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(word, list(candidates), n=1)


def _did_you_mean(words: Sequence[str]) -> str:
    alternatives = " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
    return f"Did you mean {alternatives}?" if words else ""
