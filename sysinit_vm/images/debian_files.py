"""What goes into the guest image, and the files that a finished one is made of.

An image is four files with one stem: the disk, the kernel and initrd that it boots with, and a manifest.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.files import data
from sysinit_vm.images.image_files import ImageSeries

DEBIAN = ImageSeries("sysinit-debian", ("vmlinuz", "initrd", "manifest", "qcow2"))
ZELLIJ = "usr/local/bin/zellij"


def folder() -> Path:
    """Return the shipped directory with the package list and the files of the image."""
    return data("templates") / "guest-image"


def packages(arch: str, more: Iterable[str] = ()) -> list[str]:
    """Return the names of the packages for Debian's ``arch``, the kernel first, then ours, then ``more``."""
    lines = (folder() / "packages").read_text(encoding="utf-8").splitlines()
    names = (line.partition("#")[0].strip() for line in lines)
    return list(dict.fromkeys([kernel(arch), *filter(None, names), *more]))


def kernel(arch: str) -> str:
    """Return the name of the kernel's package; the `cloud` flavours lack 9p."""
    return f"linux-image-{arch}"


def sha256(path: Path) -> str:
    """Return the hexadecimal digest of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def contents() -> dict[str, bytes]:
    """Return all files that shape the image, by their path relative to ``folder()``."""
    base = folder()
    files = (path for path in sorted(base.rglob("*")) if path.is_file())
    return {path.relative_to(base).as_posix(): path.read_bytes() for path in files}


def overlay(target: Path, zellij: Path | None) -> None:
    """Write the tar file ``target`` with everything that goes over the packages, owned by root.

    A script (``#!``) is executable, whatever mode packaging gave the file. Without a ``zellij`` the guest has none.
    """
    with tarfile.open(target, "w") as tar:
        for name, content in contents().items():
            if name == "finish":
                _add(tar, "finish", content)
            elif name.startswith("root/"):
                _add(tar, name.removeprefix("root/"), content)
        if zellij:
            _add(tar, ZELLIJ, zellij.read_bytes(), mode=0o755)


def _add(tar: tarfile.TarFile, name: str, content: bytes, *, mode: int | None = None) -> None:
    member = tarfile.TarInfo(f"./{name}")
    member.size = len(content)
    member.mode = mode or (0o755 if content.startswith(b"#!") else 0o644)
    member.uname = member.gname = "root"
    tar.addfile(member, io.BytesIO(content))


def recorded(disk: Path) -> dict[str, str]:
    """Return what the manifest beside ``disk`` says: its fields, such as key, and each package's version.

    Nothing if it cannot be read.
    """
    manifest = files.read_or_empty(disk.with_suffix(".manifest"))
    pairs = (line.partition(" ") for line in manifest.splitlines())
    return {name.removesuffix(":"): value for name, _, value in pairs if name}
