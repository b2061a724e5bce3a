"""Invoke's own configuration files, which apply to our tasks too: an error names the file that cannot be used."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from invoke.config import Config

from sysinit_vm import guest_writes
from sysinit_vm.errors import UsageError, edit

SUFFIXES = (".yaml", ".yml", ".json", ".py")  # in the order in which Invoke looks for them


class InvokeConfig(Config):
    """Invoke's configuration; UsageError if a file cannot be read or does not fit the files read before it."""

    def load_system(self, merge: bool = True) -> None:  # noqa: ARG002  # a file that does not fit fails in the merge
        """Read the machine's file, if there is one."""
        with _errors_name_file("/etc/invoke"):
            super().load_system()

    def load_user(self, merge: bool = True) -> None:  # noqa: ARG002
        """Read the user's file, if there is one."""
        with _errors_name_file("~/.invoke"):
            super().load_user()

    def load_runtime(self, merge: bool = True) -> None:  # noqa: ARG002
        """Read the file that -f or INVOKE_RUNTIME_CONFIG names, if there is one.

        UsageError if a guest can write it: Invoke runs a `.py`, and imports what any of them names as its executor.
        """
        if self._runtime_path and guest_writes.is_guests(Path(self._runtime_path).absolute()):
            raise UsageError(
                f"Invoke's configuration is not safe to use: {self._runtime_path}.",
                detail="The guest of a project can write there, and so put in what it likes.",
                hint="unset INVOKE_RUNTIME_CONFIG",
            )
        with _errors_name_file(str(self._runtime_path)):
            super().load_runtime()


@contextlib.contextmanager
def _errors_name_file(start: str) -> Iterator[None]:
    """Turn any error about the file ``start``, which may lack its suffix, into a UsageError."""
    try:
        yield
    except Exception as error:
        paths = [Path(f"{start}{end}").expanduser() for end in ("", *SUFFIXES)]
        path = next(filter(os.path.lexists, paths), paths[0])
        raise UsageError(
            f"Invoke's configuration cannot be used: {path}.",
            detail=f"{type(error).__name__}: {error}",
            hint=edit(path),
        ) from error
