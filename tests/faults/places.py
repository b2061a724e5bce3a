"""Where the rows happen: the world without a guest, and the one with the booted VM."""

import contextlib
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sysinit_vm.machine import find_programs
from tests.faults.blank import blank_world
from tests.faults.case import Case, Place, contents
from tests.worlds import VmWorld


@contextlib.contextmanager
def _stranger() -> Iterator[subprocess.Popen]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100000)"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def blank_place() -> Iterator[Place]:
    """Make the place for rows without a guest."""
    with blank_world() as world, _stranger() as stranger:
        place = Place(world, Path(world.env["SYSINIT_VM_LIMACTL"]), stranger)
        with contextlib.redirect_stdout(io.StringIO()):
            other = Case(place, "neighbour", guest=False)
            other.stopped()
        place.neighbour = other.name
        place.before = contents(other.directory)
        yield place


@contextlib.contextmanager
def guest_place(world: VmWorld, project: Path) -> Iterator[Place]:
    """Make the place for rows on the booted VM of ``project``."""
    limactl = find_programs.find_limactl()
    assert limactl, "limactl is missing: sysinit-vm setup"
    with _stranger() as stranger:
        yield Place(world, limactl, stranger, project)
