"""A project's own Taskfile and tasks.py gain our tasks."""

import os
from collections.abc import Sequence
from pathlib import Path

from sysinit_vm import file_edits
from sysinit_vm.file_edits import FileEdit
from sysinit_vm.init import include as taskfiles
from sysinit_vm.joining import pytasks
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.console import say


def join(runner: Runner, root: Path, *, taskfile: bool, tasks: bool, yes: bool) -> None:
    """Add the include to the Taskfile, and the import to the tasks.py, of the directory ``root`` (absolute).

    Each change is shown and confirmed; what is there already is left. NotConfirmedError, or VmError with the lines to
    add by hand: then nothing was changed.
    """
    flags = [flag for flag, wanted in (("--taskfile", taskfile), ("--tasks", tasks)) if wanted]
    found = [each(root) for each, wanted in ((taskfiles.changed, taskfile), (pytasks.changed, tasks)) if wanted]
    for flag, wanted in zip(flags, found, strict=True):
        if wanted is None:
            say(f"{flag}: the project has it already.")
        elif flag == "--taskfile":
            taskfiles.prove(runner, wanted)
            _tell_of_hidden(root, wanted, taskfiles.NAMES)
        else:
            _tell_of_hidden(root, wanted, pytasks.NAMES)
    changes = [each for each in found if each]
    file_edits.ask(changes, yes=yes, dry=runner.dry, hint=f"sysinit-vm init {' '.join(flags)} --yes")
    if runner.dry:
        return
    if taskfile:
        taskfiles.shared()  # may fail: before the project's own files are touched
    file_edits.write(changes)
    for each in changes:
        say(f"{each.path.name} has the tasks now: {'inv' if each.path.suffix == '.py' else 'task'} --list")


def _tell_of_hidden(root: Path, wanted: FileEdit, names: Sequence[str]) -> None:
    """Task and Invoke read the nearest file alone, from the current directory upwards."""
    above = _above(root, names) if wanted.before is None else None
    if above:
        say(f"The new {wanted.path.name} hides {above} from {root}: the tasks of that are not found there any more.")


def _above(root: Path, names: Sequence[str]) -> Path | None:
    for place in root.parents:
        for name in names:
            if os.path.exists(place / name):  # noqa: PTH110  # Path.exists fails below what may not be searched
                return place / name
        if place == Path.home():
            return None
    return None
