"""What limactl may read: only ``trust/gate.py`` makes these, from what was judged and allowed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysinit_vm import files
from sysinit_vm.config.document import dump
from sysinit_vm.lima import home


@dataclass(frozen=True)
class JudgedConfig:
    """A whole config for the instance ``name``, with no name of a file in it that limactl would follow."""

    name: str
    data: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The config as limactl reads it: JSON, which is YAML too."""
        return dump(self.data) + "\n"

    @property
    def instance(self) -> "JudgedInstance":
        """The instance that was made from it."""
        return JudgedInstance(self.name)


@dataclass(frozen=True)
class JudgedInstance:
    """An existing instance whose own config was judged and allowed.

    ``guest_writes`` are the host directories that its guest can write from this start on (absolute).
    """

    name: str
    guest_writes: tuple[Path, ...] = ()


@dataclass(frozen=True)
class JudgedFile:
    """A file of ours (absolute) that holds a judged config, outside everything that a guest can write."""

    path: Path
    name: str


@contextmanager
def written(config: JudgedConfig) -> Iterator[Path]:
    """Write ``config`` to a file of ours that no guest sees, yield its path (absolute), and remove it afterwards.

    Lima takes the instance's name, which templates may hold, from the file's.
    """
    with home.scratch() as place:
        path = place / f"{config.name}.yaml"
        files.write(path, config.text, mode=0o600)
        yield path
