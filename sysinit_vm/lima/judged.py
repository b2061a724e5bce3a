"""What limactl may read: only ``trust/gate.py`` makes these, from what was judged and allowed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysinit_vm.config.document import dump


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
