"""One VM to measure: created by limactl itself, in a temporary LIMA_HOME."""

import contextlib
import functools
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from sysinit_vm import settings
from sysinit_vm.errors import MissingError, VmError
from sysinit_vm.images.available import KERNEL_CMDLINE
from sysinit_vm.lima.judged import JudgedFile, JudgedInstance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.messages import Message, reason
from sysinit_vm.machine import accelerator, facts, find_programs
from sysinit_vm.runner import Result, Runner

TIMEOUT = 1800


@dataclass(frozen=True)
class Took:
    """A start, from ``began`` to ``ready`` (limactl said READY), in seconds since the epoch.

    ``meter`` is QEMU's processor time: pairs of an instant and the seconds used until then. Unlike the
    clock it is nearly the same on a busy machine.
    """

    began: float
    ready: float
    meter: list[tuple[float, float]]

    @property
    def seconds(self) -> float:
        """Seconds on the clock."""
        return self.ready - self.began

    @property
    def cpu(self) -> float:
        """Seconds of processor time."""
        return self.used(self.ready)

    @property
    def qemu(self) -> float:
        """When QEMU started, in seconds since the epoch."""
        return self.meter[0][0]

    def used(self, until: float) -> float:
        """Return the seconds of processor time that QEMU had used at the instant ``until``."""
        return max((cpu for at, cpu in self.meter if at <= until), default=0.0)


@contextlib.contextmanager
def home() -> Iterator[Path]:
    """Set LIMA_HOME to a temporary directory and yield it; at the end its VMs are deleted, and it."""
    with scratch() as directory, at(directory):
        try:
            yield directory
        finally:
            for instance in limactl().instances():
                limactl().delete(instance.name)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Make a temporary directory (its path is short, as Lima's sockets need), yield it and remove it."""
    directory = Path(tempfile.mkdtemp(prefix="svb-", dir="/var/tmp"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@contextlib.contextmanager
def at(lima_home: Path) -> Iterator[None]:
    """Set LIMA_HOME to ``lima_home`` (absolute) for as long."""
    before = os.environ.get("LIMA_HOME")
    os.environ["LIMA_HOME"] = str(lima_home)
    try:
        yield
    finally:
        os.environ.pop("LIMA_HOME")
        if before is not None:
            os.environ["LIMA_HOME"] = before


def limactl() -> Limactl:
    """Return limactl; MissingError if there is none."""
    path = find_programs.find_limactl()
    if path is None:
        raise MissingError("limactl was not found.", hint="sysinit-vm setup")
    return Limactl(Runner(), path)


def acceleration(kernel: Path) -> Mapping[str, str]:
    """Return the environment that QEMU needs on this machine; KVM is tried with ``kernel``."""
    wish = str(settings.value("accelerator"))
    return accelerator.choose(Runner(), facts.gather(), wish, [kernel]).env


def config(disk: Path, share: Path, **more: Any) -> dict[str, Any]:
    """Return the Lima config of a VM of ``disk`` with ``share`` (a directory) mounted at its own path."""
    return {
        "vmType": "qemu",
        "cpus": 2,
        "memory": "2GiB",
        "disk": "8GiB",
        "images": [
            {
                "location": str(disk),
                "kernel": {"location": str(disk.with_suffix(".vmlinuz")), "cmdline": KERNEL_CMDLINE},
                "initrd": {"location": str(disk.with_suffix(".initrd"))},
            }
        ],
        "mounts": [{"location": str(share), "writable": True}],
        "mountType": "9p",
        "containerd": {"system": False, "user": False},
        "ssh": {"loadDotSSHPubKeys": False},
        **more,
    }


@dataclass(frozen=True)
class Machine:
    """A VM by ``name``; ``data`` is its Lima config, ``env`` the environment that QEMU needs."""

    lima: Limactl
    name: str
    data: Mapping[str, Any]
    env: Mapping[str, str]

    @property
    def directory(self) -> Path:
        """The instance's directory (absolute)."""
        return Path(os.environ["LIMA_HOME"]) / self.name

    def create(self) -> Took:
        """Create the VM and start it for the first time."""
        path = self.directory.parent / f"{self.name}.yaml"
        path.write_text(json.dumps(self.data))
        return self._timed(functools.partial(self._create_and_start, JudgedFile(path, self.name)))

    def _create_and_start(self, config: JudgedFile, on_message: Callable[[Message], None], **how: Any) -> Result:
        done = self.lima.create(config, on_message, env=self.env)
        return self.lima.start(JudgedInstance(self.name), on_message, **how) if done.ok else done

    def start(self) -> Took:
        """Start the stopped VM."""
        return self._timed(lambda **how: self.lima.start(JudgedInstance(self.name), **how))

    def _timed(self, how: Any) -> Took:
        meter: list[tuple[float, float]] = []
        done = threading.Event()
        reading = threading.Thread(target=self._read_meter, args=(meter, done))
        reading.start()
        began = time.time()
        try:
            _ok(how(on_message=_ignore, timeout=TIMEOUT, env=self.env), f"{self.name} did not start.")
            return Took(began, time.time(), meter)
        finally:
            done.set()
            reading.join()

    def _read_meter(self, meter: list[tuple[float, float]], done: threading.Event) -> None:
        """Four times a second, from QEMU's first moment on: the process whose id Lima's pid file has."""
        while not done.wait(0.25):
            with contextlib.suppress(OSError, ValueError, psutil.Error):
                process = psutil.Process(int((self.directory / "qemu.pid").read_text()))
                used = process.cpu_times()
                if not meter:
                    meter.append((process.create_time(), 0.0))
                meter.append((time.time(), used.user + used.system))

    def sh(self, script: str, *, timeout: float = TIMEOUT) -> str:
        """Run a shell script in the guest and return what it printed."""
        return _ok(self.lima.run(self.name, ["bash", "-c", script], timeout=timeout), script).out

    def stop(self) -> None:
        """Stop the VM."""
        self.lima.stop(self.name)

    def delete(self) -> None:
        """Delete the VM with its disk."""
        self.lima.delete(self.name)


def _ignore(_: Message) -> None:
    """Drop limactl's messages; a failure is reported at the end."""


def _ok(done: Result, brief: str) -> Result:
    if not done.ok:
        raise VmError(brief, detail=reason(done.err or done.out))
    return done
