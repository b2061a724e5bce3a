"""The errors for words after a command that takes none: what they may mean there, and what to type instead."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from sysinit_vm.cli import synonyms
from sysinit_vm.cli.completion import CHAIN, VALUES, vm_names
from sysinit_vm.cli.index import Command
from sysinit_vm.cli.spelling import take_flags
from sysinit_vm.errors import UsageError, VmError, typed
from sysinit_vm.projects import default_names, locate, search

_NAME_TEXT = "--name VM chooses a VM (see `sysinit-vm list`), --project DIRECTORY a project."


def too_many_words(words: Sequence[str], commands: Mapping[str, Command]) -> UsageError:
    """Return the error for words after a command that takes none: a VM's name, a command for the guest, a second verb.

    ``words`` begin with the command.
    """
    command, rest = commands[words[0]], [word for word in words[1:] if word != "--"]
    flags = take_flags(rest, command.flags)
    twice = next((flag for flag in flags if flag.startswith("--") and flags.count(flag) > 1), "")
    if twice and not rest:
        return UsageError(f"{twice} is there twice.", hint=f"sysinit-vm help {command.name}")
    detail, meant = _meant(command, flags, rest or [""], commands)
    brief = f"{command.name} takes no {shlex.quote(rest[0] if rest else '')}."
    return UsageError(brief, detail=detail, hint=typed("sysinit-vm", *meant))


def _meant(
    command: Command, flags: Sequence[str], rest: Sequence[str], commands: Mapping[str, Command]
) -> tuple[str, Sequence[str]]:
    """Return why ``command`` takes no ``rest`` after its ``flags``, perhaps empty, and the words to type instead."""
    name, known, word = command.name, command.flags, rest[0]
    flags = [flag for flag in flags if flag != "--all"]
    if "--name" in known and not flags and not rest[1:] and _is_own(word):
        return f"{word} is this project or its VM: {name} alone means it.", [name]
    if word in vm_names() and ("--name" in known or name == "list"):
        verb = "status" if name == "list" else "exec" if name == "shell" and rest[1:] else name
        return _NAME_TEXT, [verb, *flags, "--name", word, *(rest[1:] if verb == "exec" else [])]
    if word == "help":
        return "", ["help", name]
    if name == "shell":
        detail = "`exec` runs a command in the VM; `shell` attaches to the session. `--name VM` chooses a VM."
        return detail, ["exec", *flags, *rest]
    if word in commands:
        detail = f"It is a command of its own. To run one after the other, say {CHAIN} first."
        return detail, [CHAIN, name, *flags, *rest]
    meant = _of_this_command(command, flags, rest)
    if meant or "--name" not in known or command.word:
        return meant or ("", ["help", name])
    return _which_vm(command, flags, word)


def _of_this_command(command: Command, flags: Sequence[str], rest: Sequence[str]) -> tuple[str, Sequence[str]] | None:
    """Return as ``_meant`` what ``rest`` can mean only after this ``command``; None if it means nothing there."""
    name, word = command.name, rest[0]
    if name == "ports":
        detail = "It shows every port. `portForwards` in .lima/config.yaml declares one; `sysinit-vm apply` adds it."
        return detail, [name, *flags]
    if name == "open" and (editor := synonyms.EDITORS.get(word, word)) in VALUES["editor"]():
        return "", [name, *flags, "--editor", editor]
    if name == "open" and not _is_path(word) and not vm_called(word):
        editors = ", ".join(VALUES["editor"]())
        return f"The editors are {editors}. `ports` shows what to open in a browser.", [name, *flags]
    if name == "ssh-config" and word in vm_names():
        return f"It is for all VMs at once. After it: {typed('ssh', word)}", [name, *flags]
    if name == "sync" and any(":" in part for part in rest):
        return "`sync` runs the provision scripts again; `copy` copies files.", ["copy", *flags, *rest]
    if command.word == "template" and _is_path(word):
        return "--project DIRECTORY is the project's; the current one needs no word.", [name, *flags, "--project", word]
    return None


def _which_vm(command: Command, flags: Sequence[str], word: str) -> tuple[str, Sequence[str]]:
    """Return why ``command`` does not take ``word`` as the VM that it is for, and the words to type instead."""
    if word == "all" and "--all" in command.flags:
        return "", [command.name, *flags, "--all"]
    if Path(word).suffix in {".yaml", ".yml"}:
        return "It reads the project's .lima/config.yaml.", [command.name, *flags]
    if _is_path(word):
        return _NAME_TEXT, [command.name, *flags, "--project", word]
    vm = vm_called(word)
    return (_NAME_TEXT, [command.name, *flags, "--name", vm]) if vm else (f"{_NAME_TEXT} {no_vm(word)}", ["list"])


def vm_called(word: str) -> str | None:
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


def no_vm(word: str) -> str:
    """Return the sentence that there is no VM that ``word`` means."""
    return f"There is no VM {shlex.quote(word)}."


def _is_own(word: str) -> bool:
    """Whether ``word`` is the project of the current directory, or its VM."""
    try:
        project = search.nearest(None)
        return project is not None and word in {project.root.name, locate.target(None, None).name}
    except VmError:
        return False


def _is_path(word: str) -> bool:
    return "/" in word or word in {".", ".."}
