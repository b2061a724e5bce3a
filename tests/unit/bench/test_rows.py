import pytest

from bench import rows
from sysinit_vm.errors import UsageError


def test_a_name_chooses_what_begins_so_and_no_name_all():
    assert [row.name for row in rows.chosen(["list"])] == ["list of 1", "list of 10", "list of 100", "list of 300"]
    assert [row.name for row in rows.chosen(["exec true", "TAB"])] == ["TAB", "exec true"]
    assert rows.chosen([]) == list(rows.ROWS.values())


def test_a_name_without_a_row_is_a_mistake():
    with pytest.raises(UsageError, match="no row 'tab'"):
        rows.chosen(["tab"])


def test_a_target_is_met_up_to_its_limit():
    target = rows.Target(1.3, plus=2)
    assert target.met(15.0, 10.0)
    assert not target.met(15.1, 10.0)
    assert str(target) == "1.3 x + 2 s"
    assert str(rows.Target(3)) == "3 x"


def test_every_place_of_a_row_can_be_made():
    assert {row.place for row in rows.ROWS.values()} == {rows.NO_VM, rows.VM, *map(rows.instances, rows.COUNTS)}
