"""Our image's root file system for another architecture, as far as it can be made and looked at here."""

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
from sysinit_vm.machine import apt_sources as mirrors
from sysinit_vm.machine.host import SUITE
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress

# In the image of another architecture this one's Zellij could not run; what the build asks of it is its version.
STAND_IN = '#!/bin/sh\necho "zellij (a stand-in)"\n'
NEEDED = ("virtio_blk.ko", "ext4.ko", "virtio_net.ko", "isofs.ko", "sr_mod.ko")


@dataclass(frozen=True)
class Found:
    """What was looked at: the kernel's file, the initrd's modules, its size in bytes, and how many packages."""

    kernel: str
    modules: list[str]
    initrd: int
    packages: int


def run(arch: str) -> Found | None:
    """Build for Debian's ``arch`` with programs run by qemu-user, and look at the result.

    None where this machine cannot run them: then only apt's resolution of all packages was checked.
    Raises VmError for whatever does not resolve, install, run or look as it should.
    """
    runner = Runner()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place, Progress(f"The image for {arch}") as progress:
        work = Path(place)
        work.chmod(0o755)
        argv = _argv(work, arch)
        runs = runner.read(["arch-test", arch]).ok
        argv = argv if runs else [argv[0], "--simulate", *argv[1:]]
        done = runner.stream(argv, lambda line: progress.stage(debian_steps.stage(line) or progress.current), cwd=work)
        if not done.ok:
            raise VmError(f"There is no image for {arch}.", detail=done.err[-3000:])
        if runs:
            progress.stage("looking at it")
            return _look(work / "root.tar")
    return None


def _argv(work: Path, arch: str) -> list[str]:
    for program in ("arch-test", "cpio"):
        if shutil.which(program) is None:
            packages = "arch-test cpio qemu-user-static binfmt-support"
            raise MissingError(f"{program} is missing.", hint=f"apt-get install {packages}")
    zellij = work / "zellij"
    zellij.write_text(STAND_IN)
    debian_files.overlay(work / "overlay.tar", zellij)
    lines = mirrors.apt_lines(SUITE, settings.value("mirror") or None)
    return debian_steps.mmdebstrap(debian_host.find_tools(work), work, suite=SUITE, arch=arch, apt_lines=lines)


def _look(root: Path) -> Found:
    with tarfile.open(root) as tar:
        (kernel,) = [name for name in tar.getnames() if name.startswith("./boot/vmlinuz-")]
        files = ("./boot/initrd.sysinit-vm", "./var/lib/sysinit-vm/packages")
        packed, listed = (tar.extractfile(name) for name in files)
        if packed is None or listed is None:
            raise VmError("The image lacks its initrd or its list of packages.")
        initrd, packages = packed.read(), listed.read().decode().splitlines()
    unpacked = subprocess.run(
        ["cpio", "--quiet", "--to-stdout", "--extract", "./modules/order"],
        input=gzip.decompress(initrd), capture_output=True, check=True,
    )  # fmt: skip
    found = Found(kernel, unpacked.stdout.decode().split(), len(initrd), len(packages) - 1)
    if missing := [name for name in NEEDED if name not in found.modules]:
        say(f"Not in the initrd, so they have to be built into the kernel: {', '.join(missing)}")
    return found


def show(arch: str, found: Found | None) -> None:
    """Print what was checked."""
    if found is None:
        print(f"{arch}: every package resolves. Nothing was run: this machine cannot run {arch} programs.")
        return
    print(f"{arch}: {found.packages} packages installed and configured, all hooks run.")
    print(f"kernel: {found.kernel}\ninitrd: {found.initrd} bytes, modules {' '.join(found.modules)}")
