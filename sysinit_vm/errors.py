"""The errors that users see: what, why, and what to type next; one exit code per kind."""

import shlex
from pathlib import Path

from invoke.exceptions import Exit


class VmError(Exit):
    """Anything that users, their files, their machine or limactl can cause. Exit code 1.

    ``brief`` is one sentence, ``detail`` the reason (may span lines), ``hint`` a command to type.
    Deriving from Invoke's ``Exit`` makes it end without a traceback under every entrance.
    """

    exit_code = 1

    def __init__(self, brief: str, *, detail: str = "", hint: str = "") -> None:
        self.brief, self.detail, self.hint = brief, detail.strip(), hint
        parts = (brief, self.detail, hint and f"Try: {hint}")
        super().__init__("\n".join(filter(None, parts)), code=self.exit_code)

    def __str__(self) -> str:
        """All three parts."""
        return str(self.message)


class UsageError(VmError):
    """The command line or a value on it cannot be meant. Exit code 2."""

    exit_code = 2


class NoConfigError(VmError):
    """No ``.lima/config.yaml`` here or above. Exit code 3."""

    exit_code = 3


class StateError(VmError):
    """The VM is not in the state that the command needs, or belongs to another project. Exit code 4."""

    exit_code = 4


class NotConfirmedError(VmError):
    """The user said no, or there was nobody to ask. Exit code 5."""

    exit_code = 5


class MissingError(VmError):
    """Something is missing on the machine. Exit code 6."""

    exit_code = 6


def typed(*words: str | Path) -> str:
    """Return a command as it can be pasted into a shell, for a hint: a path may hold spaces and quotes."""
    return shlex.join(map(str, words))


def edit(path: Path) -> str:
    """Return the command that opens the file ``path`` in its user's own editor, for a hint."""
    return f"$EDITOR {typed(path)}"
