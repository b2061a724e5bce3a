"""The programs that make an image: their command lines, and what their last words mean."""

import re
from pathlib import Path

from sysinit_vm.errors import VmError, typed
from sysinit_vm.images import debian_files
from sysinit_vm.images.debian_host import Host
from sysinit_vm.runner import Result

LEAN = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*", "/usr/share/info/*")
UNREACHABLE = r"Failed to fetch|Could not resolve|does not have a Release file|Unable to connect"
STAGES = {
    "running apt-get update": "reading the mirror's package lists",
    "downloading packages with apt": "downloading packages",
    "extracting archives": "extracting the essential packages",
    "installing essential packages": "installing the essential packages",
    "installing remaining packages inside the chroot": "installing the remaining packages",
    "proving zellij": "proving zellij in the image",
    "making the initrd": "making the initrd",
    "creating tarball": "packing the root file system",
}


def stage(line: str) -> str | None:
    """Return what the user is told when a step prints ``line``, or None if it means nothing to them."""
    return STAGES.get(line.removeprefix("I: ").rstrip(".")) if line.startswith("I: ") else None


def mmdebstrap(host: Host, work: Path, *, suite: str, arch: str, mirrors: list[str]) -> list[str]:
    """Return the command that makes ``work/root.tar``: packages, ``work/overlay.tar`` over them, `finish` run."""
    return [
        host.mmdebstrap,
        f"--mode={host.mode}",
        "--variant=minbase",
        "--format=tar",
        f"--architectures={arch}",
        f"--include={','.join(debian_files.packages(arch))}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEAN),
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        "--dpkgopt=force-unsafe-io",
        f"--essential-hook=tar-in {_quoted(work / 'overlay.tar')} /",
        f'--customize-hook=chroot "$1" sh /finish {debian_files.kernel(arch)} && rm "$1/finish"',
        suite,
        str(work / "root.tar"),
        *mirrors,
    ]


def _quoted(path: Path) -> str:
    """Quote for mmdebstrap's own hooks, which split words as a shell does."""
    return "'" + str(path).replace("'", "'\\''") + "'"


def unpack(host: Host) -> list[str]:
    """Return the command that unpacks root.tar into root, in the work folder.

    Device nodes are left out: an ordinary account may not make them, and the kernel makes its own.
    """
    options = ["--extract", "--file=root.tar", "--directory=root", "--numeric-owner", "--preserve-permissions"]
    return [*host.as_root, "tar", *options, "--xattrs", "--xattrs-include=*", "--exclude=./dev/*"]


def disk(host: Host, size: str) -> list[str]:
    """Return the command that makes the raw disk of ``size`` (such as 4G) from the folder root.

    It has no partitions, so that the guest can grow it with nothing but resize2fs.
    """
    return [*host.as_root, host.mkfs, "-q", "-F", "-L", "root", "-m", "1", "-d", "root", "disk", size]


def compress(host: Host) -> list[str]:
    """Return the command that turns the raw disk into image.qcow2."""
    return [host.qemu_img, "convert", "-c", "-W", "-O", "qcow2", "disk", "image.qcow2"]


def failure(done: Result, *, zellij: Path, suite: str) -> VmError:
    """Say in words what the last lines of a failed step mean."""
    said = "\n".join(done.err.splitlines()[-12:])
    if newer := re.search(r"(GLIBC_[0-9.]+)' not found", done.err):
        detail = f"{zellij} needs {newer[1]}, newer than Debian {suite} has."
        return VmError("This zellij does not run in the guest.", detail=detail, hint="sysinit-vm setup")
    if re.search(r"zellij: .*(shared librar|Exec format|not found)", done.err):
        return VmError("This zellij does not run in the guest.", detail=said, hint=typed("file", zellij))
    if "No space left on device" in done.err:
        return VmError("The disk is full.", detail=said, hint="df -h")
    if re.search(UNREACHABLE, done.err):
        hint = "SYSINIT_VM_MIRROR=URI sysinit-vm build.debian"
        return VmError("The Debian mirror cannot be used.", detail=said, hint=hint)
    return VmError(f"{Path(done.argv[0]).name} failed ({done.code}).", detail=f"{said}\n{done.command}")
