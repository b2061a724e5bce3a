from pathlib import Path

import pytest

from sysinit_vm.inventory import listing, usage
from sysinit_vm.inventory.usage import Usage
from sysinit_vm.projects.locate import Located
from sysinit_vm.projects.project import Project
from tests.fakes import FakeLimactl, instances, vm

SIZES = {"arch": "x86_64", "cpus": 4, "memory": 8 * 2**30, "disk": 50 * 2**30, "ssh_port": 60022}


def of_machine(*vms, now=0.0):
    return listing.of_machine(instances(*vms), now, lambda _: "none")


def sized(name, directory=None, status="Running"):
    return vm(name, directory, status, **SIZES)


def test_a_running_vm_is_a_full_record(tmp_path):
    assert listing.of_project(Located("demo-dev", sized("demo-dev", tmp_path)), None) == {
        "name": "demo-dev",
        "status": "Running",
        "project": str(tmp_path),
        "project_exists": True,
        "session": Project(tmp_path).session,
        "cpus": 4,
        "memory": 8 * 2**30,
        "disk": 50 * 2**30,
        "arch": "x86_64",
        "ssh_port": 60022,
    }


def test_a_project_without_a_vm_is_a_normal_row(tmp_path):
    record = listing.of_project(Located("demo-dev"), Project(tmp_path))
    assert record["status"] == "not created"
    assert {record[key] for key in ("cpus", "memory", "disk", "arch", "ssh_port")} == {None}
    assert listing.row(record) == ("demo-dev", "not created", "-", "-", "-", Project(tmp_path).session, str(tmp_path))


def test_a_vm_that_belongs_to_a_stranger_is_not_ours(tmp_path):
    record = listing.of_project(Located("demo-dev", None, sized("demo-dev", "/you")), Project(tmp_path))
    assert (record["status"], record["project"], record["cpus"]) == ("not created", str(tmp_path), None)


def test_a_stopped_vms_ssh_port_is_stale_and_left_out(tmp_path):
    assert of_machine(sized("a", tmp_path, "Stopped"))[0]["ssh_port"] is None


def test_the_machines_list_has_every_project_vm_and_leaves_limas_own_out(tmp_path):
    records = of_machine(sized("a", tmp_path), sized("docker"), sized("b", "/gone", ""))
    assert [(each["name"], each["status"]) for each in records] == [("a", "Running"), ("b", "Broken")]


def test_a_row_shows_sizes_and_a_directory_that_is_gone():
    cells = listing.row(listing.record("a", "Running", sized("a", "/gone/away"), Path("/gone/away")))
    assert cells == ("a", "Running", "4", "8GiB", "50GiB", "away", "/gone/away (gone)")
    assert len(cells) == len(listing.COLUMNS)


def test_the_machines_row_shows_what_is_used_of_what_may_be(tmp_path, monkeypatch):
    used = Usage(created=1_000_000.0, resident=3 * 2**29, allocated=2**31)
    monkeypatch.setattr(usage, "of", lambda _: used)
    forwards = {"portForwards": [{"guestPort": 3000}, {"guestPort": 8080, "hostPort": 20101}]}
    instance = FakeLimactl(place=tmp_path).add("a", "/gone/away", "Running", config=forwards, **SIZES)
    (found,) = of_machine(instance, now=1_000_000 + 2 * 86400)
    assert found["created"] == "1970-01-12T13:46:40+00:00"
    assert (found["age"], found["memory_resident"], found["disk_used"]) == (2 * 86400, 3 * 2**29, 2**31)
    assert found["ports"] == [{"guest": 3000, "host": 3000}, {"guest": 8080, "host": 20101}]
    cells = listing.machine_row(found)
    assert cells == ("a", "Running", "2d", "4", "1.5/8GiB", "2.0/50GiB", "3000, 8080→20101", "-", "/gone/away (gone)")
    assert len(cells) == len(listing.MACHINE_COLUMNS)


def test_what_nobody_can_say_is_a_dash(monkeypatch):
    monkeypatch.setattr(usage, "of", lambda _: Usage())
    (found,) = of_machine(sized("a", None, ""))
    assert {found[key] for key in ("created", "age", "memory_resident", "disk_used")} == {None}
    assert found["ports"] is None
    assert listing.machine_row(found)[2:4] == ("-", "4")
    assert listing.machine_row(found)[-3:] == ("-", "-", "-")


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0s"), (59, "59s"), (60, "1m"), (7200, "2h"), (200_000, "2d")])
def test_an_age_is_said_in_its_largest_unit(monkeypatch, seconds, shown):
    monkeypatch.setattr(usage, "of", lambda _: Usage(created=100.0))
    assert listing.machine_row(of_machine(sized("a", "/x"), now=100 + seconds)[0])[2] == shown


def test_a_clock_that_was_set_back_makes_nothing_younger_than_now(monkeypatch):
    monkeypatch.setattr(usage, "of", lambda _: Usage(created=100.0))
    assert of_machine(sized("a", "/x"), now=50)[0]["age"] == 0
