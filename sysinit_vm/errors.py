"""The errors that users see: what, why, and what to type next; one exit code per kind."""

import os
import shlex
from typing import TYPE_CHECKING

from sysinit_vm import hints
from sysinit_vm.escaping import escaped

if TYPE_CHECKING:
    from pathlib import Path

_EDITORS = ("nano", "vim", "vi")
_END = 4000  # characters of either end of a reason that is too long to be read, as a guest can make it


class VmError(Exception):
    """Any error that users, their files, their machine or limactl can cause. Exit code 1.

    ``brief`` is one sentence, ``detail`` the reason (one or more lines; of a very long one the two ends), ``hint`` a
    command to type, to which the options that were typed are added (``hints.completed``).
    A task turns it into Invoke's ``Exit`` (``tasks/ending.py``): most of what raises it never needs Invoke, which is
    slow to load. ``message``, which is printed, is escaped; the three parts are as they were given.
    """

    exit_code = 1

    def __init__(self, brief: str, *, detail: str = "", hint: str = "") -> None:
        self.brief, self.detail, self.hint = brief, _ends(detail.strip()), hints.completed(hint, brief)
        parts = (brief, self.detail, self.hint and f"Try: {self.hint}")
        self.message = escaped("\n".join(filter(None, parts)))
        super().__init__(self.message)

    def __str__(self) -> str:
        """All three parts, safe to print."""
        return self.message


def _ends(text: str) -> str:
    left_out = len(text) - 2 * _END
    return text if left_out <= 0 else f"{text[:_END]}\n[{left_out} characters left out]\n{text[-_END:]}"


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


def typed(*words: "str | Path") -> str:
    """Return a command for a hint, quoted for a shell, because a path may contain spaces and quotes."""
    return shlex.join(map(str, words))


def edit(path: "Path") -> str:
    """Return the command for a hint that opens the file ``path`` in the user's editor, or the first that is there.

    It names the editor itself: an EDITOR that is not set would be an empty word, and the file would be run. A bare
    machine has none: the hint then begins with that.
    """
    from shutil import which

    own = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    none = f"install an editor such as {_EDITORS[0]}, then {_EDITORS[0]}"
    return f"{own or next(filter(which, _EDITORS), none)} {typed(path)}"
