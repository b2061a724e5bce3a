"""Frozen data that the other modules hand around; no behaviour beyond reading itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROJECT_DIR = "PROJECT_DIR"
PROJECT_NAME = "PROJECT_NAME"
VM_NAME = "VM_NAME"

NOT_CREATED = "not created"
RUNNING = "Running"
STOPPED = "Stopped"
BROKEN = "Broken"


@dataclass(frozen=True)
class Instance:
    """One Lima instance as ``limactl list --json`` shows it; sizes in bytes, ``dir`` absolute.

    ``status`` is Lima's own word: Running, Stopped, Broken, Uninitialized, Installing, or empty
    where its lima.yaml cannot be read. ``param`` is what the instance was created with.
    """

    name: str
    status: str
    dir: Path
    arch: str = ""
    cpus: int = 0
    memory: int = 0
    disk: int = 0
    ssh_port: int = 0
    driver_pid: int = 0
    param: Mapping[str, str] = field(default_factory=dict)

    @property
    def project_dir(self) -> Path | None:
        """The directory of the project that the VM belongs to (absolute), None where it says none."""
        text = self.param.get(PROJECT_DIR) or ""
        return Path(text) if text.startswith("/") else None

    @property
    def unreadable(self) -> bool:
        """Whether Lima cannot read its lima.yaml, so that nobody knows whose it is."""
        return not self.status

    @property
    def state(self) -> str:
        """Lima's status for people: one whose lima.yaml cannot be read is Broken."""
        return self.status or BROKEN

    @property
    def running(self) -> bool:
        """Whether Lima calls it Running, which includes one that still boots."""
        return self.status == RUNNING

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Instance":
        """Read one line of ``limactl list --json``; Lima drops empty fields."""
        return cls(
            name=row["name"],
            status=row.get("status", ""),
            dir=Path(row.get("dir", "")),
            arch=row.get("arch", ""),
            cpus=row.get("cpus", 0),
            memory=row.get("memory", 0),
            disk=row.get("disk", 0),
            ssh_port=row.get("sshLocalPort", 0),
            driver_pid=row.get("driverPID", 0),
            param=row.get("param") or {},
        )


@dataclass(frozen=True)
class Facts:
    """What belongs to this machine. ``memory`` in MiB; ``lima_home`` and ``ssh_dir`` absolute.

    ``system`` is Linux or Darwin; ``arch`` as Lima says it (x86_64, aarch64); ``ssh_dir`` is None
    where the user has none, because Lima would create a missing mount location on the host.
    """

    system: str
    arch: str
    cpus: int
    memory: int
    lima_home: Path
    home: Path
    ssh_dir: Path | None
    can_build_image: bool


@dataclass(frozen=True)
class Report:
    """What the guest itself says of its readiness."""

    mounted: bool
    mount_problem: str
    session_tool: bool
    failed_scripts: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """What a guest has: ``memory`` in bytes as its kernel tells, ``names`` of each directory that was asked for."""

    cpus: int
    memory: int
    env: Mapping[str, str]
    names: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Vitals:
    """How a guest is: ``time`` in seconds since the epoch by its own clock; its root disk's use in percent."""

    time: int
    disk_percent: int
    inode_percent: int
