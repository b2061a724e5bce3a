"""Lima's instances as ``limactl list --json`` shows them."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sysinit_vm import guest_writes
from sysinit_vm.config.document import Config
from sysinit_vm.config.params import PROJECT_DIR
from sysinit_vm.errors import VmError
from sysinit_vm.files import read_or_empty
from sysinit_vm.guest_writes import Written
from sysinit_vm.host_path import expanded
from sysinit_vm.lima import silent
from sysinit_vm.lima.instance_files import InstanceFiles

RUNNING = "Running"
STOPPED = "Stopped"
BROKEN = "Broken"


@dataclass(frozen=True)
class Instance:
    """One Lima instance; sizes in bytes, ``dir`` absolute.

    ``status`` is Lima's own word: Running, Stopped, Broken, Uninitialized, Installing, or empty if Lima cannot use its
    lima.yaml. ``param`` is what the instance was created with, ``filled`` its config with Lima's defaults, and those of
    LIMA_HOME/_config, merged into it.
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
    filled: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def files(self) -> InstanceFiles:
        """Its files on the host."""
        return InstanceFiles(self.dir)

    @property
    def project_dir(self) -> Path | None:
        """The directory of the project that the VM belongs to (absolute), None if it names none."""
        text = self.param.get(PROJECT_DIR) or ""
        return Path(text) if text.startswith("/") else None

    @property
    def project_writable(self) -> bool:
        """Whether its project's mount is writable; true as well if it has none, which is another fault."""
        mounts = [mount for mount in self.filled.get("mounts") or () if mount.get("location") == str(self.project_dir)]
        return all(mount.get("writable") is True for mount in mounts)

    @property
    def guest_writes(self) -> tuple[Path, ...]:
        """The host directories that the guest can write by its config now (absolute): the project's and its mounts'.

        A read-only mount counts if the host does not keep it so: that of reverse-sshfs, and of QEMU's virtiofs.
        """
        kept = self.mount_type == "9p" or (self.mount_type == "virtiofs" and self.filled.get("vmType") == "vz")
        return self._directories(lambda mount: bool(mount.get("writable") or not kept))

    @property
    def mounted(self) -> tuple[Path, ...]:
        """The host directories that its config mounts (absolute), and the project's: Lima looks at them to list it."""
        return self._directories(lambda _mount: True)

    def _directories(self, wanted: Callable[[Mapping[str, Any]], bool]) -> tuple[Path, ...]:
        """Return its project's directory, and those of the mounts that are ``wanted`` (absolute)."""
        mounts = [mount for mount in self.filled.get("mounts") or () if mount.get("location") and wanted(mount)]
        project = [self.project_dir] if self.project_dir else []
        return (*project, *(expanded(str(mount["location"])) for mount in mounts))

    @property
    def silent(self) -> Path | None:
        """The first of ``mounted`` that does not answer, as far as we have asked: nobody may look at it, nor Lima."""
        return next((path for path in self.mounted if silent.is_silent(path)), None)

    @property
    def written(self) -> tuple[Written, ...]:
        """The host directories that its guest could write when it was last started, wherever they are now."""
        return guest_writes.recorded(self.dir)

    @property
    def mount_type(self) -> str:
        """How its directories are mounted. If its config does not say, its driver decides (Lima 2.2.0, qemu_driver.go).

        reverse-sshfs is then what an image without 9p gets, and a VM that was made by a Lima before 1.0.
        """
        stated = self.filled.get("mountType")
        if stated not in (None, "", "default"):
            return str(stated)
        if self.filled.get("vmType") == "vz":
            return "virtiofs"
        made_by = read_or_empty(self.files.version).strip().removeprefix("v")
        old = made_by.startswith("0.")
        return "reverse-sshfs" if old or "9p" in (self.filled.get("mountTypesUnsupported") or ()) else "9p"

    @property
    def unreadable(self) -> bool:
        """Whether Lima cannot use its lima.yaml: it is damaged, or names a directory that is none.

        ``param`` and ``filled`` then have what we can read of it. Lima does not know whether it runs.
        """
        return not self.status

    @property
    def no_directory(self) -> Path | None:
        """The first host directory that its guest could write and that is none (absolute): Lima refuses it for that."""
        return None if self.silent else next((path for path in self.guest_writes if not path.is_dir()), None)

    @property
    def no_playbook(self) -> Path | None:
        """The first Ansible playbook of its config that is not there (absolute): Lima refuses it for that."""
        playbooks = (str(entry.get("playbook") or "") for entry in _mappings(self.filled, "provision"))
        missing = (Path(path) for path in playbooks if path and not os.path.exists(path))  # noqa: PTH110  # never raises
        return next(missing, None)

    @property
    def restorable(self) -> bool:
        """Whether its lima.yaml is missing or damaged, and that of its last start is kept.

        One that we can read stays: Lima may refuse it for what is now at a path in it, which an update or a guest put
        there, and the one of the last start may have more than the user wants by now.
        """
        return self._has_disk_unused and not self.intact and self.files.kept_config() is not None

    @property
    def lost(self) -> bool:
        """Whether its lima.yaml is missing or damaged, and its disk is there; no config of a start is kept."""
        return self._has_disk_unused and not self.intact and self.files.kept_config() is None

    @property
    def intact(self) -> bool:
        """Whether we can read its lima.yaml, and its disk is there: Lima refuses what that says, or what is added."""
        with suppress(VmError):
            return self._has_disk_unused and bool(self.config())
        return False

    @property
    def _has_disk_unused(self) -> bool:
        """Whether it is a VM with a disk that Lima cannot use, though we may read all of it."""
        its = self.files
        return self.unreadable and not self.silent and its.made_by_lima and its.has_disk and not its.denied()

    @property
    def state(self) -> str:
        """Lima's status for people: one whose lima.yaml cannot be read is Broken."""
        return self.status or BROKEN

    @property
    def running(self) -> bool:
        """Whether Lima calls it Running, which includes one that still boots."""
        return self.status == RUNNING

    def config(self) -> Config:
        """Return the config that it was made from or last given; VmError if it cannot be read."""
        return self.files.config()

    def with_own_config(self) -> "Instance":
        """Return it with what we need of its lima.yaml, or of its last start's, if Lima refuses or lacks it.

        Lima says nothing of such an instance, and refuses one as soon as a directory that it mounts is none (2.2.0):
        the guest must not be able to hide whose it is, and what it can write.
        """
        if not self.unreadable:
            return self
        readable = self._readable()
        if readable is None:
            return self
        data = readable.data
        param = data.get("param")
        texts = {str(key): str(value) for key, value in param.items()} if isinstance(param, Mapping) else {}
        kinds: dict[str, Any] = {
            key: data[key] for key in ("vmType", "mountType", "mountTypesUnsupported") if key in data
        }
        entries = {key: _mappings(data, key) for key in ("mounts", "provision")}
        return replace(self, param=texts, filled={**kinds, **entries})

    def _readable(self) -> Config | None:
        """Return its own config or else that of its last start, None if we can read neither."""
        with suppress(VmError):
            return self.config()
        return self.files.kept_config()

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Instance":
        """Read one line of ``limactl list --json``; Lima drops empty fields.

        KeyError or TypeError if it is not as we know it.
        """

        def read(key: str, default: Any) -> Any:
            value = row.get(key) or default
            if not isinstance(value, type(default)):
                raise TypeError(f"{key} is a {type(value).__name__}")
            return value

        if not row["name"]:
            raise KeyError("name")
        unread = row.get("status") == BROKEN and not row.get("config")  # it names a file that is gone (2.2.0, list.go)
        return cls(
            name=read("name", ""),
            status="" if unread else read("status", ""),
            dir=Path(read("dir", "")),
            arch=read("arch", ""),
            cpus=read("cpus", 0),
            memory=read("memory", 0),
            disk=read("disk", 0),
            ssh_port=read("sshLocalPort", 0),
            driver_pid=read("driverPID", 0),
            param=read("param", {}),
            filled=read("config", {}),
        )


def _mappings(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the entries of the list at ``key`` that are mappings."""
    entries = data.get(key)
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


@dataclass(frozen=True)
class Instances:
    """What instances there were when limactl was asked: ``listed`` by name, ``unlisted`` without a lima.yaml."""

    listed: tuple[Instance, ...] = ()
    unlisted: tuple[Instance, ...] = ()

    def __iter__(self) -> Iterator[Instance]:
        """Yield those that Lima lists."""
        return iter(self.listed)

    @property
    def lost(self) -> tuple[Instance, ...]:
        """Those that Lima does not list, and that have a disk, or into which we may not look."""
        looks = ((one, one.files) for one in self.unlisted)
        return tuple(one for one, its in looks if (its.made_by_lima and its.has_disk) or its.denied())

    @property
    def guest_writes(self) -> tuple[Path | Written, ...]:
        """The host directories that their guests can write, by their configs now, or could at their last start."""
        places = list[Path | Written]()
        for instance in (*self, *self.lost):
            places += [*(() if instance.silent else instance.guest_writes), *instance.written]
        return tuple(places)

    def get(self, name: str) -> Instance | None:
        """Return the instance ``name``, None if there is none; half of one is ``unreadable``."""
        return next((instance for instance in (*self.listed, *self.unlisted) if instance.name == name), None)
