"""The errors that users see: what, why, and what to type next; one exit code per kind."""

import os
import shlex
import shutil
from pathlib import Path

from invoke.exceptions import Exit

from sysinit_vm import hints
from sysinit_vm.escaping import escaped

_EDITORS = ("nano", "vim", "vi")


class VmError(Exit):
    """Any error that users, their files, their machine or limactl can cause. Exit code 1.

    ``brief`` is one sentence, ``detail`` the reason (one or more lines), ``hint`` a command to type,
    to which the options that were typed are added (``hints.completed``).
    It derives from Invoke's ``Exit``, so that it ends without a traceback however the command was started. Its message,
    which Invoke prints, is escaped; the three parts are as they were given.
    """

    exit_code = 1

    def __init__(self, brief: str, *, detail: str = "", hint: str = "") -> None:
        self.brief, self.detail, self.hint = brief, detail.strip(), hints.completed(hint, brief)
        parts = (brief, self.detail, self.hint and f"Try: {self.hint}")
        super().__init__(escaped("\n".join(filter(None, parts))), code=self.exit_code)

    def __str__(self) -> str:
        """All three parts, safe to print."""
        return str(self.message)


class UsageError(VmError):
    """The command line, or a value in it, is invalid. Exit code 2."""

    exit_code = 2


class NoConfigError(VmError):
    """There is no ``.lima/config.yaml`` here or above. Exit code 3."""

    exit_code = 3


class StateError(VmError):
    """The VM is not in the state that the command needs, or belongs to another project. Exit code 4."""

    exit_code = 4


class NotConfirmedError(VmError):
    """The user said no, or nobody could be asked. Exit code 5."""

    exit_code = 5


class MissingError(VmError):
    """Something is missing on the machine. Exit code 6."""

    exit_code = 6


def typed(*words: str | Path) -> str:
    """Return a command for a hint, quoted for a shell, because a path may contain spaces and quotes."""
    return shlex.join(map(str, words))


def edit(path: Path) -> str:
    """Return the command for a hint that opens the file ``path`` in the user's editor, or the first that is there.

    It names the editor itself: an EDITOR that is not set would be an empty word, and the file would be run.
    """
    own = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    return f"{own or next(filter(shutil.which, _EDITORS), 'edit')} {typed(path)}"
