"""The programs that make an image: their command lines, and what their last lines mean."""

import re
from collections.abc import Iterable
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.errors import VmError, typed
from sysinit_vm.images import debian_files
from sysinit_vm.images.debian_host import BuildTools
from sysinit_vm.machine import apt_login
from sysinit_vm.machine.apt_sources import Sources
from sysinit_vm.runner import Result

_LOGINS = "logins.tar"
LEAN = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*", "/usr/share/info/*")
KEPT = ("/usr/share/doc/*/copyright", "/usr/share/man/man[1-9]/*")  # of these; manuals in English
UNREACHABLE = r"Failed to fetch|Could not resolve|does not have a Release file|Unable to connect"
STAGES = {
    "running apt-get update": "reading the mirror's package lists",
    "downloading packages with apt": "downloading packages",
    "extracting archives": "extracting the essential packages",
    "installing essential packages": "installing the essential packages",
    "installing remaining packages inside the chroot": "installing the remaining packages",
    "proving zellij": "testing zellij in the image",
    "setting up apt, ssh and man": "setting up apt, ssh and man",
    "making the initrd": "making the initrd",
    "creating tarball": "packing the root file system",
}


def stage(line: str) -> str | None:
    """Return the stage that begins when a step prints ``line``, or None if it tells the user nothing."""
    return STAGES.get(line.removeprefix("I: ").rstrip(".")) if line.startswith("I: ") else None


def mmdebstrap(
    tools: BuildTools, work: Path, *, suite: str, arch: str, sources: Sources, packages: Iterable[str] = ()
) -> list[str]:
    """Return the command that makes ``work/root.tar``: packages, ``work/overlay.tar`` over them, then `finish`.

    ``packages`` are names (validated) of packages beside our own.

    If the sources have logins, ``write_logins`` must have been called for ``work``.
    """
    return [
        tools.mmdebstrap,
        f"--mode={tools.mode}",
        "--variant=minbase",
        "--format=tar",
        f"--architectures={arch}",
        f"--include={','.join(debian_files.packages(arch, packages))}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEAN),
        *(f"--dpkgopt=path-include={pattern}" for pattern in KEPT),
        "--dpkgopt=force-unsafe-io",
        *login_options(work, sources),
        f"--essential-hook=tar-in {_quoted(work / 'overlay.tar')} /",
        f'--customize-hook=chroot "$1" sh /finish {debian_files.kernel(arch)} && rm "$1/finish"',
        suite,
        str(work / "root.tar"),
        *sources.lines,
    ]


def login_options(work: Path, sources: Sources) -> list[str]:
    """Return mmdebstrap's options for the file of ``write_logins``; none if there is no login."""
    return apt_login.options(work / _LOGINS, sources.logins)


def write_logins(work: Path, sources: Sources) -> None:
    """Write the file with the mirror's login that mmdebstrap reads, for this account alone; none without a login."""
    if sources.logins:
        files.write(work / _LOGINS, apt_login.archive(sources.logins), mode=0o600)


def _quoted(path: Path) -> str:
    """Quote for mmdebstrap's own hooks, which split words as a shell does."""
    return "'" + str(path).replace("'", "'\\''") + "'"


def unpack(tools: BuildTools) -> list[str]:
    """Return the command that unpacks root.tar into root, in the work directory.

    Device nodes are left out: an ordinary account cannot make them, and the kernel makes its own.
    """
    options = ["--extract", "--file=root.tar", "--directory=root", "--numeric-owner", "--preserve-permissions"]
    return [*tools.as_root, "tar", *options, "--xattrs", "--xattrs-include=*", "--exclude=./dev/*"]


def disk(tools: BuildTools, size: str) -> list[str]:
    """Return the command that makes the raw disk of ``size`` (such as 4G) from the directory root.

    It has no partitions, so that the guest can grow it with resize2fs alone.
    """
    return [*tools.as_root, tools.mkfs, "-q", "-F", "-L", "root", "-m", "1", "-d", "root", "disk", size]


def compress(tools: BuildTools) -> list[str]:
    """Return the command that turns the raw disk into image.qcow2."""
    return [tools.qemu_img, "convert", "-c", "-W", "-O", "qcow2", "disk", "image.qcow2"]


def failure(done: Result, *, zellij: Path | None, suite: str) -> VmError:
    """Return the error that says what the last lines of a failed step mean."""
    last_lines = "\n".join(done.err.splitlines()[-12:])
    if libc := re.search(r"(GLIBC_[0-9.]+)' not found", done.err):
        detail = f"{zellij} needs {libc[1]}, which is newer than Debian {suite}'s."
        return VmError("This zellij does not run in the guest.", detail=detail, hint="sysinit-vm setup")
    if zellij and re.search(r"zellij: .*(shared librar|Exec format|not found)", done.err):
        return VmError("This zellij does not run in the guest.", detail=last_lines, hint=typed("file", zellij))
    if missing := re.search(r"Unable to locate package (\S+)", done.err):
        hint = 'SYSINIT_VM_PACKAGES="ripgrep libpq-dev" sysinit-vm build.debian'
        return VmError(f"The Debian mirror has no package {missing[1]}.", detail=last_lines, hint=hint)
    if "No space left on device" in done.err:
        return VmError("The disk is full.", detail=last_lines, hint="df -h")
    if re.search(UNREACHABLE, done.err):
        hint = "SYSINIT_VM_MIRROR=URI sysinit-vm build.debian"
        return VmError("The Debian mirror cannot be used.", detail=last_lines, hint=hint)
    return VmError(f"{Path(done.argv[0]).name} failed (exit {done.code}).", detail=f"{last_lines}\n{done.command}")
