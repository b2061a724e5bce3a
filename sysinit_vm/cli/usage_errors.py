"""The errors for a command line that cannot be parsed: what the user may have meant, and what to type."""

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from invoke.exceptions import ParseError

from sysinit_vm.cli import config_flags, other_flags, synonyms
from sysinit_vm.cli.completion import CHAIN, PASS_THROUGH, VALUES, vm_names
from sysinit_vm.cli.index import Command, Flags
from sysinit_vm.cli.spelling import take_flags
from sysinit_vm.errors import UsageError, VmError, edit, typed
from sysinit_vm.projects import default_names, locate, search

_UNKNOWN_WORD = re.compile(r"No idea what '(.*)' is!", re.DOTALL)
_MISSING_VALUE = re.compile(r"Flag <Argument: ([\w-]+).*> needed value and was not given one!")
_NEVER_GUESSED = ("destroy", "rm", "prune")  # these delete
_NAME_TEXT = "--name VM chooses a VM (see `sysinit-vm list`), --project DIRECTORY a project."


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
        detail = _did_you_mean(_closest(word, commands[name].flags))
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
    harmless = sorted({*commands, *synonyms.COMMANDS} - set(_NEVER_GUESSED))
    similar = [command for command in harmless if name and command.startswith(name)] or _closest(name, harmless)
    hint = ["help"] if not similar else ["help", similar[0]] if explain or len(similar) > 1 else similar
    return UsageError(f"Unknown command: {name}.", detail=_did_you_mean(similar), hint=typed("sysinit-vm", *hint))


def _explained(explanation: synonyms.Explanation, words: Sequence[str]) -> UsageError:
    """Return the error for a word that runs nothing, and which ``words`` follow."""
    chosen = explanation.of_vm and words and not words[0].startswith("-")
    vm = _vm_called(words[0]) if chosen else None
    if chosen and not vm:
        return UsageError(explanation.brief, detail=f"{explanation.detail} {_no_vm(words[0])}", hint="sysinit-vm list")
    which = ["--name", vm] if vm else []
    hint = typed("sysinit-vm", *explanation.command.split(), *which)
    if not explanation.edits or which:
        return UsageError(explanation.brief, detail=explanation.detail, hint=hint)
    if advice := config_flags.of_words(words):
        return UsageError(explanation.brief, detail=advice.detail, hint=advice.hint)
    project = search.nearest(None)
    hint = f"{edit(project.config)}, then {hint}" if project else "sysinit-vm init"
    return UsageError(explanation.brief, detail=explanation.detail, hint=hint)


def too_many_words(words: Sequence[str], commands: Mapping[str, Command]) -> UsageError:
    """Return the error for words after a command that takes none: a VM's name, a command for the guest, a second verb.

    ``words`` begin with the command.
    """
    command, rest = commands[words[0]], [word for word in words[1:] if word != "--"]
    flags = take_flags(rest, command.flags)
    detail, meant = _meant(command, flags, rest or [""], commands)
    brief = f"{command.name} takes no {shlex.quote(rest[0] if rest else '')}."
    return UsageError(brief, detail=detail, hint=typed("sysinit-vm", *meant))


def _meant(
    command: Command, flags: Sequence[str], rest: Sequence[str], commands: Mapping[str, Command]
) -> tuple[str, Sequence[str]]:
    """Return why ``command`` takes no ``rest`` after its ``flags``, perhaps empty, and the words to type instead."""
    name, known, word = command.name, command.flags, rest[0]
    if "--name" in known and not flags and not rest[1:] and _is_own(word):
        return f"{word} is this project or its VM: {name} alone means it.", [name]
    if word in vm_names() and ("--name" in known or name == "list"):
        verb = "status" if name == "list" else "exec" if name == "shell" and rest[1:] else name
        return _NAME_TEXT, [verb, *flags, "--name", word, *(rest[1:] if verb == "exec" else [])]
    if name == "open" and word in VALUES["editor"]():
        return "", [name, *flags, "--editor", word]
    if word == "help":
        return "", ["help", name]
    if name == "shell":
        detail = "`exec` runs a command in the VM; `shell` attaches to the session. `--name VM` chooses a VM."
        return detail, ["exec", *flags, *rest]
    if word in commands:
        detail = f"It is a command of its own. To run one after the other, say {CHAIN} first."
        return detail, [CHAIN, name, *flags, *rest]
    if name == "ports":
        detail = "It shows every port. `portForwards` in .lima/config.yaml declares one; `sysinit-vm apply` adds it."
        return detail, [name, *flags]
    if command.word or "--name" not in known:
        return "", ["help", name]
    return _which_vm(command, flags, word)


def _which_vm(command: Command, flags: Sequence[str], word: str) -> tuple[str, Sequence[str]]:
    """Return why ``command`` does not take ``word`` as the VM that it is for, and the words to type instead."""
    if word == "all" and "--all" in command.flags:
        return "", [command.name, *flags, "--all"]
    if _is_path(word):
        return _NAME_TEXT, [command.name, *flags, "--project", word]
    vm = _vm_called(word)
    return (_NAME_TEXT, [command.name, *flags, "--name", vm]) if vm else (f"{_NAME_TEXT} {_no_vm(word)}", ["list"])


def _no_vm(word: str) -> str:
    return f"There is no VM {shlex.quote(word)}."


def from_command(words: Sequence[str], name: str, commands: Mapping[str, Command]) -> Sequence[str]:
    """Return ``words`` from the command ``name`` on, which is among them under one of its names."""
    return words[next(place for place, word in enumerate(words) if _is_command(word, name, commands)) :]


def _is_command(word: str, name: str, commands: Mapping[str, Command]) -> bool:
    return word in commands and commands[word].name == name


def _is_own(word: str) -> bool:
    """Whether ``word`` is the project of the current directory, or its VM."""
    try:
        project = search.nearest(None)
        return project is not None and word in {project.root.name, locate.target(None, None).name}
    except VmError:
        return False


def _is_path(word: str) -> bool:
    return "/" in word or word in {".", ".."}


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


def _vm_called(word: str) -> str | None:
    """Return the VM that ``word`` means: its name, its project's or one that is close to it; None if there is none."""
    names = vm_names()
    by_project = default_names.vm_name(Path(word))
    return (
        word
        if word in names
        else by_project
        if by_project in names
        else next(iter(default_names.closest(word, names)), None)
    )


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
