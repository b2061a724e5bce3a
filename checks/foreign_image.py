"""Our image's root file system for another architecture: built and examined as far as this machine can."""

import gzip
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm import settings
from sysinit_vm.errors import MissingError, VmError
from sysinit_vm.images import debian_files, debian_host, debian_steps
from sysinit_vm.machine import apt_sources
from sysinit_vm.machine.pinned_versions import SUITE
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress

# Our Zellij does not run on another architecture. The build only asks it for its version.
_ZELLIJ_STAND_IN = '#!/bin/sh\necho "zellij (a stand-in)"\n'
_NEEDED_MODULES = ("virtio_blk.ko", "ext4.ko", "virtio_net.ko", "isofs.ko", "sr_mod.ko")


@dataclass(frozen=True)
class ImageContents:
    """What an image contains: the kernel's path, the initrd's modules and size in bytes, the number of packages."""

    kernel: str
    modules: list[str]
    initrd_size: int
    package_count: int


def build_and_examine(arch: str) -> ImageContents | None:
    """Build for Debian's ``arch`` with programs that qemu-user runs, and return what the image contains.

    None if this machine cannot run them; then only apt's resolution of all packages was checked. VmError if anything
    does not resolve, install or run, or if the image lacks a part.
    """
    runner = Runner()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory, Progress(f"The image for {arch}") as progress:
        work = Path(directory)
        work.chmod(0o755)
        argv = _argv(work, arch)
        can_run = runner.read(["arch-test", arch]).ok
        argv = argv if can_run else [argv[0], "--simulate", *argv[1:]]
        done = runner.stream(argv, lambda line: progress.stage(debian_steps.stage(line) or progress.current), cwd=work)
        if not done.ok:
            raise VmError(f"There is no image for {arch}.", detail=done.err[-3000:])
        if can_run:
            progress.stage("examining the image")
            return _examine(work / "root.tar")
    return None


def _argv(work: Path, arch: str) -> list[str]:
    for program in ("arch-test", "cpio"):
        if shutil.which(program) is None:
            packages = "arch-test cpio qemu-user-static binfmt-support"
            raise MissingError(f"{program} is missing.", hint=f"apt-get install {packages}")
    zellij = work / "zellij"
    zellij.write_text(_ZELLIJ_STAND_IN)
    debian_files.overlay(work / "overlay.tar", zellij)
    sources = apt_sources.read(SUITE, settings.value("mirror"))
    debian_steps.write_logins(work, sources)
    return debian_steps.mmdebstrap(debian_host.find_tools(Runner()), work, suite=SUITE, arch=arch, sources=sources)


def _examine(root: Path) -> ImageContents:
    with tarfile.open(root) as tar:
        (kernel,) = [name for name in tar.getnames() if name.startswith("./boot/vmlinuz-")]
        files = ("./boot/initrd.sysinit-vm", "./var/lib/sysinit-vm/packages")
        initrd_file, package_list = (tar.extractfile(name) for name in files)
        if initrd_file is None or package_list is None:
            raise VmError("The image lacks its initrd or its list of packages.")
        initrd, packages = initrd_file.read(), package_list.read().decode().splitlines()
    modules = subprocess.run(
        ["cpio", "--quiet", "--to-stdout", "--extract", "./modules/order"],
        input=gzip.decompress(initrd), capture_output=True, check=True,
    )  # fmt: skip
    contents = ImageContents(kernel, modules.stdout.decode().split(), len(initrd), len(packages) - 1)
    if missing := [name for name in _NEEDED_MODULES if name not in contents.modules]:
        say(f"Not in the initrd, so they must be built into the kernel: {', '.join(missing)}")
    return contents


def show(arch: str, contents: ImageContents | None) -> None:
    """Print what was checked."""
    if contents is None:
        print(f"{arch}: every package resolves. Nothing was run: this machine cannot run {arch} programs.")
        return
    print(f"{arch}: {contents.package_count} packages installed and configured, all hooks run.")
    print(f"kernel: {contents.kernel}\ninitrd: {contents.initrd_size} bytes, modules {' '.join(contents.modules)}")
