"""A world whose VMs have an empty disk and a kernel that only halts: all of Lima and QEMU, and no guest.

A start is as any other until Lima waits for the guest's ssh, in a second. So nothing has to be booted for a fault of
our commands, of Lima's files or of its processes.
"""

import contextlib
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from sysinit_vm.machine import find_programs
from tests.worlds import VmWorld

_LOADED_AT = 0x100000
_MULTIBOOT = 0x1BADB002  # the GNU Multiboot Specification 0.6.96, which QEMU's -kernel knows
_WITH_ADDRESSES = 0x10000
_CLI_HLT_LOOP = b"\xfa\xf4\xeb\xfd"


def _kernel() -> bytes:
    checksum = -(_MULTIBOOT + _WITH_ADDRESSES) & 0xFFFFFFFF
    places = (_LOADED_AT, _LOADED_AT, _LOADED_AT + 4096, 0, _LOADED_AT + 32)
    return (struct.pack("<8I", _MULTIBOOT, _WITH_ADDRESSES, checksum, *places) + _CLI_HLT_LOOP).ljust(4096, b"\0")


@contextlib.contextmanager
def blank_world() -> Iterator[VmWorld]:
    """Make such a world, and leave nothing of it."""
    place = Path(tempfile.mkdtemp(prefix="svf-", dir="/var/tmp"))
    world = VmWorld(place)
    world.give_own_directories()
    limactl = find_programs.find_limactl()
    assert limactl, "limactl is missing: sysinit-vm setup"
    world.env |= {"SYSINIT_VM_LIMACTL": str(limactl), "SYSINIT_VM_ACCELERATOR": "tcg"}
    images = world.lima_home / "_images"
    images.mkdir(mode=0o700)
    stem = images / "sysinit-debian-latest"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", f"{stem}.qcow2", "1M"], check=True)
    for part in ("vmlinuz", "initrd"):
        stem.with_suffix(f".{part}").write_bytes(_kernel())
    try:
        yield world
    finally:
        for directory in world.lima_home.iterdir():
            remove(world, directory.name)
        shutil.rmtree(place)


def remove(world: VmWorld, name: str) -> None:
    """End what runs for the instance ``name`` of this world, and remove its directory."""
    directory = Path(world.env["LIMA_HOME"]) / name
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        ours = any(f"{directory}/" in word for word in words) or (
            words[-1:] == [name] and _lima_home(process) == str(directory.parent)
        )
        if ours and process.pid != os.getpid():
            with contextlib.suppress(psutil.Error):
                process.kill()
                process.wait(30)
    if directory.is_symlink() or directory.is_file():
        directory.unlink()
    shutil.rmtree(directory, ignore_errors=True)


def _lima_home(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return process.environ().get("LIMA_HOME", "")
    return ""
