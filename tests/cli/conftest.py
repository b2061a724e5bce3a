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
