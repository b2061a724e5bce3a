"""Build a Debian guest image from packages alone: no image to download, no Nix, no root needed."""

import contextlib
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sysinit_vm.errors import MissingError, VmError, typed
from sysinit_vm.images import debian_files, debian_host, debian_steps
from sysinit_vm.images.debian_files import DEBIAN, overlay
from sysinit_vm.images.image_files import DISK
from sysinit_vm.lock import held
from sysinit_vm.machine import apt_sources as mirrors
from sysinit_vm.machine.host import SUITE
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.progress import Progress

DISK_SIZE = "4G"
"""The image's size for the guest, and so the smallest `disk:`; lima-init grows it to what the VM has."""
RECIPE = "1"
"""Part of the cache key: raise it when this module changes what an image is."""
ROOM = 3 * 1024**3
ARCHES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class _Build:
    """One build: how programs are run, and the folders that hold what is half-made."""

    runner: Runner
    host: debian_host.Host
    work: Path
    zellij: Path
    progress: Progress

    def run(self, argv: list[str]) -> None:
        """Run one step; its own stages (`I: …`) are shown. Raises VmError with the step's last words."""
        env = {"TMPDIR": str(self.host.temporary)}
        done = self.runner.stream(argv, self._show, env=env, cwd=self.work)
        if not done.ok:
            raise debian_steps.failure(done, zellij=self.zellij, suite=SUITE)

    def _show(self, line: str) -> None:
        if stage := debian_steps.stage(line):
            self.progress.stage(stage)


def build(runner: Runner, images: Path, *, zellij: Path, mirror: str | None, progress: Progress) -> Path:
    """Build an image in ``images`` (absolute; made if missing), make it the latest, return its disk's path.

    ``zellij`` is the program for the guest. ``mirror`` is a Debian mirror's URI, whole apt lines, or None for
    the host's own. Takes minutes and about 3 GB in ``images``. Another build in ``images`` is waited for, and
    its image taken. Whatever goes wrong, nothing half-made stays and the former latest image is untouched.
    Raises MissingError (a program, subordinate ids, zellij), UsageError (mirror), VmError (a step failed).
    """
    host = debian_host.inspect(images)
    lines = mirrors.apt_lines(SUITE, mirror)
    identity = key(zellij)
    stem = DEBIAN.fresh(images)
    if runner.dry:
        runner.change(_mmdebstrap(host, images, lines))
        return images / f"{stem}.qcow2"
    with _problems(images), _alone(images) as waited:
        if waited and (made := current(images, zellij)):
            return made
        with debian_host.scratch(runner, host, images) as work:
            _refuse_full(images)
            job = _Build(runner, host, work, zellij, progress)
            _make(job, lines)
            _write_manifest(work, identity, zellij, lines)
            progress.stage("making it the latest image")
            return DEBIAN.publish(work, images, stem)


def key(zellij: Path) -> str:
    """Return what identifies an image's ingredients: hexadecimal, the same on every day and machine of an arch.

    Package versions are no part of it; they are the mirror's. Raises MissingError without a zellij.
    """
    parts = [RECIPE, SUITE, _arch(), DISK_SIZE, _program_digest(zellij)]
    parts += [f"{name} {sha256(content).hexdigest()}" for name, content in debian_files.contents().items()]
    return sha256("\n".join(parts).encode()).hexdigest()


def current(images: Path, zellij: Path) -> Path | None:
    """Return the latest image's disk if it is made of today's ingredients, else None.

    It is the file itself, not the link: its kernel and initrd lie beside it under the same stem.
    """
    disk = DEBIAN.latest(images)
    return disk if disk and debian_files.recorded_key(disk) == key(zellij) else None


def outdated(disk: Path, zellij: Path) -> bool:
    """Whether ``disk`` (absolute) is the link to the latest image, and that is not made of today's ingredients."""
    return disk == DEBIAN.link(disk.parent, DISK) and current(disk.parent, zellij) is None


def _make(job: _Build, lines: list[str]) -> None:
    """Make image.qcow2, image.vmlinuz, image.initrd and packages in the work folder."""
    root = job.work / "root"
    job.progress.stage("gathering the image's files")
    overlay(job.work / "overlay.tar", job.zellij)
    job.run(_mmdebstrap(job.host, job.work, lines))
    job.progress.stage("unpacking the root file system")
    root.mkdir()
    job.run(debian_steps.unpack(job.host))
    (job.work / "root.tar").unlink()
    _take_boot_files(root, job.work)
    job.progress.stage("making the disk")
    job.run(debian_steps.disk(job.host, DISK_SIZE))
    job.run([*job.host.as_root, "rm", "-rf", "--one-file-system", "root"])
    job.progress.stage("compressing the disk")
    job.run(debian_steps.compress(job.host))


def _mmdebstrap(host: debian_host.Host, work: Path, lines: list[str]) -> list[str]:
    return debian_steps.mmdebstrap(host, work, suite=SUITE, arch=_arch(), mirrors=lines)


def _take_boot_files(root: Path, work: Path) -> None:
    """Take kernel, initrd and package versions out of the root; /boot has no use inside a VM that boots so."""
    boot = root / "boot"
    try:
        (built,) = boot.glob("vmlinuz-*")
        shutil.copyfile(built, work / "image.vmlinuz")
        shutil.copyfile(boot / "initrd.sysinit-vm", work / "image.initrd")
        shutil.copyfile(root / "var/lib/sysinit-vm/packages", work / "packages")
    except ValueError as error:
        raise VmError("The new root file system has not exactly one kernel.", detail=str(boot)) from error
    for path in boot.iterdir():
        if path.is_file():
            path.unlink()


def _write_manifest(work: Path, identity: str, zellij: Path, lines: list[str]) -> None:
    head = {
        "key": identity,
        "suite": SUITE,
        "arch": _arch(),
        "zellij-sha256": _program_digest(zellij),
        "mirror": "; ".join(lines) or "mmdebstrap's own",
    }
    text = "".join(f"{name}: {value}\n" for name, value in head.items())
    packages = (work / "packages").read_text(encoding="utf-8").replace("\t", " ")
    (work / "image.manifest").write_text(f"{text}\n{packages}", encoding="utf-8")


def _arch() -> str:
    machine = platform.machine()
    try:
        return ARCHES[machine.lower()]
    except KeyError:
        raise MissingError(f"There is no Debian image for {machine} machines here.") from None


def _program_digest(zellij: Path) -> str:
    try:
        return debian_files.sha256(zellij)
    except OSError as error:
        detail = f"{zellij}: {error.strerror}"
        raise MissingError("No zellij for the guest.", detail=detail, hint="sysinit-vm setup") from error


def _refuse_full(images: Path) -> None:
    free = shutil.disk_usage(images).free
    if free < ROOM:
        detail = f"{free // 1024**2} MB are free, {ROOM // 1024**2} are needed while it is made."
        raise VmError(f"Not enough room for an image in {images}.", detail=detail, hint=typed("df", "-h", images))


def _alone(images: Path) -> contextlib.AbstractContextManager[bool]:
    return held(images / ".sysinit-debian.lock", f"Waiting for another build of an image in {images} …")


@contextlib.contextmanager
def _problems(images: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        detail = f"{error.filename or images}: {error.strerror or error}"
        raise VmError("The image could not be written.", detail=detail, hint=typed("df", "-h", images)) from error
