"""What limactl may read: only ``trust/gate.py`` makes these, from what was judged and allowed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysinit_vm import files, guest_writes
from sysinit_vm.config.document import dump
from sysinit_vm.guest_writes import Identity
from sysinit_vm.host_path import resolved
from sysinit_vm.lima import home
from sysinit_vm.lima.instance import Instance


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
class Mounted:
    """A host directory of an instance: its ``path`` and where that led to (both absolute), and what was there.

    ``identity`` is (0, 0) if nothing was.
    """

    path: Path
    real: Path
    identity: Identity

    @classmethod
    def now(cls, path: Path) -> "Mounted":
        """Look at ``path``."""
        return cls(path, resolved(path), guest_writes.identity_at(path))

    @property
    def exchanged(self) -> bool:
        """Whether another directory is there now; one that was missing is made by Lima."""
        now = Mounted.now(self.path)
        return now.real != self.real or (any(self.identity) and now.identity != self.identity)


@dataclass(frozen=True)
class JudgedInstance:
    """An existing instance whose own config was judged and allowed.

    ``guest_writes`` are the host directories that its guest can write from this start on (absolute). ``mounted`` is
    what it mounts, as it was when it was judged.
    """

    name: str
    guest_writes: tuple[Path, ...] = ()
    mounted: tuple[Mounted, ...] = ()

    @classmethod
    def of(cls, instance: Instance) -> "JudgedInstance":
        """Return ``instance``, which is to be judged after its directories were looked at here."""
        mounted = () if instance.silent else instance.mounted  # such a VM is not started
        return cls(instance.name, instance.guest_writes, tuple(map(Mounted.now, mounted)))

    @property
    def exchanged(self) -> Path | None:
        """The first mounted directory (absolute) that another one has taken the place of since, None if none has."""
        return next((mounted.path for mounted in self.mounted if mounted.exchanged), None)


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
