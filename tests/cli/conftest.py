"""The real command line, in processes of its own, against a limactl that is a recording script."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worlds import CliWorld


@pytest.fixture
def world() -> Iterator[CliWorld]:
    """Below a short path, because its length limits the names of VMs."""
    place = Path(tempfile.mkdtemp(prefix="sv", dir="/tmp")).resolve()
    yield CliWorld(place)
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def shop(world):
    """A project ``shop`` with a running VM, besides ``demo`` with its own."""
    world.put_vm()
    root = world.project("shop")
    world.put_vm(root=root)
    return root
