import pytest

from sysinit_vm.errors import StateError
from sysinit_vm.projects.locate import Target
from sysinit_vm.vm.destroy import destroy
from sysinit_vm.vm.project_vm import ProjectVm
from sysinit_vm.vm.stop import stop


def test_there_is_nothing_to_stop_or_destroy_before_the_first_start(lima, demo):
    for act in (stop, destroy):
        with pytest.raises(StateError, match="no VM demo-dev"):
            act(ProjectVm.read(lima, demo))


@pytest.mark.parametrize(
    ("status", "verbs"),
    [
        ("Running", [("stop", "demo-dev", False), ("delete", "demo-dev")]),
        ("Stopped", [("delete", "demo-dev")]),
        ("Broken", [("stop", "demo-dev", True), ("delete", "demo-dev")]),
    ],
)
def test_destroying_stops_first_so_that_nothing_unwritten_is_lost(lima, demo, status, verbs):
    lima.add("demo-dev", demo.project.root, status)
    assert destroy(ProjectVm.read(lima, demo)) == "demo-dev"
    assert lima.calls == verbs


@pytest.mark.parametrize("status", ["Running", "Stopped", "Broken"])
def test_a_protected_vm_is_neither_stopped_nor_deleted(lima, demo, status):
    (lima.add("demo-dev", demo.project.root, status).dir / "protected").touch()
    with pytest.raises(StateError, match="is protected: nothing was changed") as error:
        destroy(ProjectVm.read(lima, demo))
    assert "limactl unprotect demo-dev" in error.value.hint
    assert lima.calls == []


def test_a_vm_that_does_not_stop_is_destroyed_by_force(lima, demo):
    lima.add("demo-dev", demo.project.root, "Running")
    lima.stops = False
    destroy(ProjectVm.read(lima, demo))
    assert lima.calls == [("stop", "demo-dev", False), ("stop", "demo-dev", True), ("delete", "demo-dev")]


def test_a_vm_that_cannot_be_read_is_deleted_by_name(lima, demo):
    lima.add("demo-dev", demo.project.root, "")
    assert destroy(ProjectVm.read(lima, Target(demo.project, "demo-dev", "--name"))) == "demo-dev"
    assert lima.by_name == {}
