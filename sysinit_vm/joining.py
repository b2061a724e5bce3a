"""A project's own Taskfile and tasks.py gain our tasks."""

from pathlib import Path

from sysinit_vm import change, pytasks
from sysinit_vm import taskfile as taskfiles
from sysinit_vm.progress import say


def join(root: Path, *, taskfile: bool, tasks: bool, yes: bool, dry: bool) -> None:
    """Add the include to the Taskfile, and the import to the tasks.py, of the directory ``root`` (absolute).

    Each change is shown and confirmed; what is there already is left. NotConfirmedError, or VmError with the lines to
    add by hand: then nothing was changed.
    """
    flags = [flag for flag, wanted in (("--taskfile", taskfile), ("--tasks", tasks)) if wanted]
    found = [each(root) for each, wanted in ((taskfiles.changed, taskfile), (pytasks.changed, tasks)) if wanted]
    for flag, wanted in zip(flags, found, strict=True):
        if wanted is None:
            say(f"{flag}: the project has it already.")
    changes = [each for each in found if each]
    change.make(changes, yes=yes, dry=dry, hint=f"sysinit-vm init {' '.join(flags)} --yes")
    if taskfile and not dry:
        taskfiles.shared()
    for each in changes if not dry else ():
        say(f"{each.path.name} has the tasks now: {'inv' if each.path.suffix == '.py' else 'task'} --list")
