"""What was allowed for the directory that a project had before it was moved: to tell, never to allow anything by.

Whoever writes a config may name any directory in it, and a new directory may get the number of a deleted one: nothing
proves that a project has moved.
"""

from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.config.document import Config
from sysinit_vm.lima.home import instance_directories, lima_home
from sysinit_vm.projects.project import gone
from sysinit_vm.trust import approvals
from sysinit_vm.trust.context import project_of


@dataclass(frozen=True)
class Former:
    """The ``directory`` (absolute) is gone; ``items`` are what was allowed for it."""

    directory: Path
    items: frozenset[str]

    @property
    def vm(self) -> str:
        """The VM that was made for it, empty if there is none any more."""
        made = (path.name for path in instance_directories() if project_of(path) == self.directory)
        return next(made, "")


def of_project(committed: Config, root: Path, name: str) -> Former | None:
    """Return what was allowed where the project at ``root`` (absolute) probably was before; None if nothing was.

    That is the directory which its ``committed`` config was written for, or that of the VM ``name``, if it is gone.
    """
    for directory in (committed.project_dir, project_of(lima_home() / name)):
        if directory and directory != root and gone(directory) and (items := approvals.load(directory).items):
            return Former(directory, items)
    return None
