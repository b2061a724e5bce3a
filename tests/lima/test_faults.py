"""Rows of the fault table that are cheap enough for every run; `inv test.faults` has all of them."""

import pytest

from tests.faults import places, table
from tests.faults.registry import ROWS, perform

CHEAP = (
    "init-killed",
    "start-killed-in-the-image-copy",
    "destroy-killed-in-the-delete",
    "disk-full-at-a-second-init",
    "disk-full-at-the-image-copy",
    "running-vm-with-a-recycled-host-agent-pid",
    "limactl-prints-nothing",
    "limactl-changes-types",
)
CHEAP_WITH_A_GUEST = ("ssh-master-killed", "disk-full-in-the-guest")


@pytest.fixture(scope="module")
def blank():
    with places.blank_place() as place:
        yield place


def test_the_table_is_long_enough_and_has_these_rows():
    assert len(table.chosen([])) >= 40
    assert {*CHEAP, *CHEAP_WITH_A_GUEST} <= ROWS.keys()


@pytest.mark.parametrize("name", CHEAP)
def test_nothing_is_lost(blank, name):
    report = perform(ROWS[name], blank)
    assert not report.problem, report.transcript


@pytest.mark.parametrize("name", CHEAP_WITH_A_GUEST)
def test_nothing_is_lost_in_a_guest(world, demo, name):
    with places.guest_place(world, demo) as place:
        report = perform(ROWS[name], place)
    assert not report.problem, report.transcript
