"""The table of docs/mounts.md about 9p, tried in a guest."""

import json
import shutil

import pytest

from tests.lima import mount_limits
from tests.worlds import TOP

TABLE = (TOP / "docs/mounts.md").read_text().split("## What a 9p mount does not do")[1]
ROWS = [[cell.strip() for cell in line.split("|")[1:3]] for line in TABLE.splitlines() if line.startswith("| ")]
SAID = {row: outcome.replace("whole seconds", "ERANGE") for row, outcome in ROWS}


@pytest.fixture(scope="module")
def tried(world, demo):
    shutil.copy(mount_limits.__file__, demo / "mount_limits.py")
    yield lambda place: json.loads(world.ok(demo, "exec", "--", "python3", "mount_limits.py", str(place)))
    (demo / "mount_limits.py").unlink()


def test_the_project_does_what_the_table_says(demo, tried):
    assert {row: SAID[row] for row in mount_limits.PROBES} == tried(demo)


def test_all_of_it_works_on_the_guests_own_disk(tried):
    assert set(tried("/tmp").values()) == {"works"}
