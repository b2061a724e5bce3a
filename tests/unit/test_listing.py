from pathlib import Path

from sysinit_vm import listing
from sysinit_vm.locate import Located
from sysinit_vm.model import Instance
from sysinit_vm.project import Project


def vm(name, directory=None, status="Running"):
    param = {"PROJECT_DIR": str(directory)} if directory else {}
    return Instance(name, status, Path("/l"), "x86_64", 4, 8 * 2**30, 50 * 2**30, 60022, param=param)


def test_a_running_vm_is_a_full_record(tmp_path):
    assert listing.of_project(Located("demo-dev", vm("demo-dev", tmp_path)), None) == {
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
    record = listing.of_project(Located("demo-dev", None, vm("demo-dev", "/you")), Project(tmp_path))
    assert (record["status"], record["project"], record["cpus"]) == ("not created", str(tmp_path), None)


def test_a_stopped_vms_ssh_port_is_stale_and_left_out(tmp_path):
    assert listing.of_machine([vm("a", tmp_path, "Stopped")])[0]["ssh_port"] is None


def test_the_machines_list_has_every_project_vm_and_leaves_limas_own_out(tmp_path):
    records = listing.of_machine([vm("a", tmp_path), vm("docker"), vm("b", "/gone", "")])
    assert [(each["name"], each["status"]) for each in records] == [("a", "Running"), ("b", "Broken")]


def test_a_row_shows_sizes_and_a_directory_that_is_gone():
    cells = listing.row(listing.of_machine([vm("a", "/gone/away")])[0])
    assert cells == ("a", "Running", "4", "8GiB", "50GiB", "away", "/gone/away (gone)")
    assert len(cells) == len(listing.COLUMNS)
