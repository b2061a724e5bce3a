"""Invoke's own configuration files, which apply to our tasks too: one that cannot be used is named."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from invoke.config import Config

from sysinit_vm.errors import UsageError, edit

SUFFIXES = (".yaml", ".yml", ".json", ".py")  # in the order in which Invoke looks for them


class InvokeConfig(Config):
    """Invoke's configuration; UsageError for a file that cannot be read, or does not fit what was read before."""

    def load_system(self, merge: bool = True) -> None:  # noqa: ARG002  # what does not fit shows in the merge
        """Read the machine's file, if there is one."""
        with _named("/etc/invoke"):
            super().load_system()

    def load_user(self, merge: bool = True) -> None:  # noqa: ARG002
        """Read the user's file, if there is one."""
        with _named("~/.invoke"):
            super().load_user()

    def load_runtime(self, merge: bool = True) -> None:  # noqa: ARG002
        """Read the file that -f or INVOKE_RUNTIME_CONFIG names, if either does."""
        with _named(str(self._runtime_path)):
            super().load_runtime()


@contextlib.contextmanager
def _named(start: str) -> Iterator[None]:
    """Make a UsageError of whatever goes wrong with the file ``start``, which may lack its suffix."""
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
