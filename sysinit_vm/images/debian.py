"""Build a Debian guest image from packages alone: no image to download, no Nix, no root needed."""

import platform
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sysinit_vm.errors import MissingError, VmError, typed
from sysinit_vm.executables import Version, version
from sysinit_vm.host_path import resolved
from sysinit_vm.images import debian_files, debian_host, debian_steps
from sysinit_vm.images.build_lock import exclusive_build
from sysinit_vm.images.debian_files import DEBIAN, overlay
from sysinit_vm.machine import apt_sources
from sysinit_vm.machine.apt_sources import Sources
from sysinit_vm.machine.pinned_versions import SUITE
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress

DISK_SIZE = "4G"
"""The image's size for the guest, and so the smallest `disk:`; lima-init grows it to the size of the VM's disk."""
RECIPE = "2"
"""Part of the cache key: raise it if this module changes what an image is."""
ROOM = 3 * 1024**3
_DIGEST, _NO_ZELLIJ = "zellij-sha256", "none"  # a field of the manifest, and its value without a Zellij
ARCHES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class _Build:
    """One build: how programs are run, and the directories for unfinished files."""

    runner: Runner
    tools: debian_host.BuildTools
    work: Path
    temporary: Path
    zellij: Path | None
    packages: str
    progress: Progress

    def run(self, argv: list[str]) -> None:
        """Run one step and show its own stages (`I: …`); VmError with the step's last lines if it fails."""
        env = {"TMPDIR": str(self.temporary)}
        done = self.runner.stream(argv, self._show, env=env, cwd=self.work)
        if not done.ok:
            raise debian_steps.failure(done, zellij=self.zellij, suite=SUITE)

    def _show(self, line: str) -> None:
        if stage := debian_steps.stage(line):
            self.progress.stage(stage)


def build(
    runner: Runner, images: Path, *, zellij: Path | None, mirror: str, progress: Progress, packages: str = ""
) -> Path:
    """Build an image in ``images`` (absolute; made if missing), make it the latest, return its disk's path.

    ``zellij`` is the program for the guest; without one the image has none, and each guest gets it later. ``mirror`` is
    the setting's value: a Debian mirror's URI, whole apt lines, or empty for the host's own. A login in it is not put
    into the image. ``packages`` is the setting's value, too: names of packages beside our own, separated by spaces.

    Takes minutes and about 3 GB in ``images``. If another build in ``images`` is running, wait for it and take its
    image if it is the same. If anything fails, no unfinished file stays and the former latest image is untouched.
    MissingError (a program, subordinate ids, user namespaces, zellij), VmError (the mirror's login, a step failed).
    """
    tools = debian_host.find_tools(runner)
    sources = apt_sources.read(SUITE, mirror)
    if sources.logins:
        say("The mirror's password is not put into the image. For apt in the guest: man apt_auth.conf.")
    identity = key(zellij, packages)
    stem = DEBIAN.new_stem(images)
    if runner.dry:
        runner.change(_mmdebstrap(tools, images, sources, packages))
        return images / f"{stem}.qcow2"
    with exclusive_build(images, "debian", progress) as waited:
        if waited and (made := current(images, zellij, packages)):
            return made
        with debian_host.scratch(runner, tools, images) as scratch:
            work = scratch.work
            _require_room(images)
            job = _Build(runner, tools, work, scratch.temporary, zellij, packages, progress)
            _make(job, sources)
            _write_manifest(job, identity, sources)
            progress.stage("making it the latest image")
            return DEBIAN.publish(work, images, stem)


def key(zellij: Path | None, packages: str = "") -> str:
    """Return the hexadecimal digest of an image's ingredients, the same every day and on every machine of an arch.

    ``packages`` are the names beside our own (as for ``build``). Package versions are not part of it; they are the
    mirror's. MissingError if the zellij cannot be read.
    """
    return _key(_program_digest(zellij), packages)


def _key(zellij_digest: str, packages: str) -> str:
    parts = [RECIPE, SUITE, _arch(), DISK_SIZE, zellij_digest, packages]
    parts += [f"{name} {sha256(content).hexdigest()}" for name, content in debian_files.contents().items()]
    return sha256("\n".join(parts).encode()).hexdigest()


def current(images: Path, zellij: Path | None, packages: str = "") -> Path | None:
    """Return the latest image's disk if it is made of today's ingredients, else None.

    It is the file itself, not the link: its kernel and initrd are beside it, with the same stem.
    """
    disk = DEBIAN.latest(images)
    return disk if disk and debian_files.recorded(disk).get("key") == key(zellij, packages) else None


def outdated(disk: Path, zellij: Version, packages: str = "") -> bool:
    """Whether ``disk`` (absolute) is the latest image, or the link to it, and was built by an earlier version of ours.

    ``zellij`` is the version for the guest now. Its bytes do not count: each compilation of one version has others, so
    an image from another account, or a second compilation here, would look old. An image without a manifest has no age.
    ``packages`` is the setting's value now.
    """
    latest = DEBIAN.latest(disk.parent)
    if latest is None or resolved(disk) != latest:
        return False
    recorded = debian_files.recorded(latest)
    if recorded.get("key") != _key(recorded.get(_DIGEST, ""), packages):
        return True
    return bool(zellij) and recorded.get(_DIGEST) != _NO_ZELLIJ and version(recorded.get("zellij", "")) < zellij


def lacks_zellij(disk: Path) -> bool:
    """Whether ``disk`` (absolute) is the latest image, or the link to it, built before there was a Zellij."""
    latest = DEBIAN.latest(disk.parent)
    return resolved(disk) == latest and debian_files.recorded(latest).get(_DIGEST) == _NO_ZELLIJ


def _make(job: _Build, sources: Sources) -> None:
    """Make image.qcow2, image.vmlinuz, image.initrd and packages in the work directory."""
    root = job.work / "root"
    job.progress.stage("gathering the image's files")
    overlay(job.work / "overlay.tar", job.zellij)
    debian_steps.write_logins(job.work, sources)
    job.run(_mmdebstrap(job.tools, job.work, sources, job.packages))
    job.progress.stage("unpacking the root file system")
    root.mkdir()
    job.run(debian_steps.unpack(job.tools))
    (job.work / "root.tar").unlink()
    _take_boot_files(root, job.work)
    job.progress.stage("making the disk")
    job.run(debian_steps.disk(job.tools, DISK_SIZE))
    job.run([*job.tools.as_root, "rm", "-rf", "--one-file-system", "root"])
    job.progress.stage("compressing the disk")
    job.run(debian_steps.compress(job.tools))


def _mmdebstrap(tools: debian_host.BuildTools, work: Path, sources: Sources, packages: str) -> list[str]:
    return debian_steps.mmdebstrap(tools, work, suite=SUITE, arch=_arch(), sources=sources, packages=packages.split())


def _take_boot_files(root: Path, work: Path) -> None:
    """Take kernel, initrd and package versions out of the root; a VM that boots with them does not need /boot."""
    boot = root / "boot"
    try:
        (kernel,) = boot.glob("vmlinuz-*")
        shutil.copyfile(kernel, work / "image.vmlinuz")
        shutil.copyfile(boot / "initrd.sysinit-vm", work / "image.initrd")
        shutil.copyfile(root / "var/lib/sysinit-vm/packages", work / "packages")
    except ValueError as error:
        raise VmError("The new root file system does not contain exactly one kernel.", detail=str(boot)) from error
    for path in boot.iterdir():
        if path.is_file():
            path.unlink()


def _write_manifest(job: _Build, identity: str, sources: Sources) -> None:
    fields = {
        "key": identity,
        "suite": SUITE,
        "arch": _arch(),
        _DIGEST: _program_digest(job.zellij),
        "mirror": "; ".join(sources.lines) or "mmdebstrap's own",
        "added": job.packages or "nothing",
    }
    text = "".join(f"{name}: {value}\n" for name, value in fields.items())
    versions = (job.work / "packages").read_text(encoding="utf-8").replace("\t", " ")
    (job.work / "image.manifest").write_text(f"{text}\n{versions}", encoding="utf-8")


def _arch() -> str:
    machine = platform.machine()
    try:
        return ARCHES[machine.lower()]
    except KeyError:
        raise MissingError(f"A Debian image for {machine} machines cannot be built here.") from None


def _program_digest(zellij: Path | None) -> str:
    try:
        return debian_files.sha256(zellij) if zellij else _NO_ZELLIJ
    except OSError as error:
        detail = f"{zellij}: {error.strerror}"
        raise MissingError(
            "The zellij for the guest cannot be read.", detail=detail, hint="sysinit-vm setup"
        ) from error


def _require_room(images: Path) -> None:
    free = shutil.disk_usage(images).free
    if free < ROOM:
        detail = f"{free // 1024**2} MB are free; the build needs {ROOM // 1024**2} MB."
        raise VmError(f"Not enough disk space for an image in {images}.", detail=detail, hint=typed("df", "-h", images))
