"""A project directory, and the names and paths that follow from it."""

from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.lima import silent
from sysinit_vm.projects import default_names

CONFIG = Path(".lima") / "config.yaml"


@dataclass(frozen=True)
class Project:
    """A project directory; ``root`` is absolute with links resolved, as the guest mounts it."""

    root: Path

    @property
    def name(self) -> str:
        """The directory's own name, exactly."""
        return self.root.name

    @property
    def session(self) -> str:
        """The Zellij session's name."""
        return default_names.session_name(self.root)

    @property
    def config(self) -> Path:
        """Where the committed config lies or will lie (absolute)."""
        return self.root / CONFIG

    def corresponding(self, directory: Path) -> Path:
        """Return the guest directory for a host one (absolute): the same below the root, else the root.

        On a case-insensitive file system, or below a bind mount, the root has more than one path.
        """
        if directory.is_relative_to(self.root):
            return directory
        above = next((parent for parent in (directory, *directory.parents) if same(parent, self.root)), None)
        return self.root / directory.relative_to(above) if above else self.root


def same(one: Path, other: Path) -> bool:
    """Whether two absolute paths are one directory: spelled alike, or both existing and the same file."""
    if one == other:
        return True
    if silent.is_silent(one) or silent.is_silent(other):
        return False
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def gone(path: Path) -> bool:
    """Whether nothing is at ``path`` (absolute); false if we have no permission to look, or it does not answer."""
    if silent.is_silent(path):
        return False
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False
