from contextlib import nullcontext

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


def test_another_vm_of_the_name_that_came_while_the_user_was_asked_stays(lima, demo):
    lima.add("demo-dev", demo.project.root, "Stopped")
    vm = ProjectVm.read(lima, demo)
    with pytest.raises(StateError, match="changed in the meantime"):
        destroy(vm, made=(1, 1))
    assert lima.calls == []
    assert destroy(vm, made=vm.located.instance.files.made) == "demo-dev"


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


def test_a_guest_that_has_never_booted_is_not_waited_for(lima, demo, capsys):
    """Ctrl-C in a first start, then destroy: limactl would wait for three minutes, for nothing of worth."""
    lima.add("demo-dev", demo.project.root, "Running").files.events.write_text("")
    destroy(ProjectVm.read(lima, demo))
    assert lima.calls == [("stop", "demo-dev", True), ("delete", "demo-dev")]
    assert "has not booted" in capsys.readouterr().err


@pytest.mark.parametrize("status", ['{"running":true}', '{"degraded":true}'])
def test_what_it_does_is_shown_while_a_guest_that_has_booted_shuts_down(lima, demo, capsys, status):
    lima.add("demo-dev", demo.project.root, "Running").files.events.write_text(f'{{"status":{status}}}\n')
    shown = []
    lima.on_stop = lambda: shown.append(capsys.readouterr().err)
    destroy(ProjectVm.read(lima, demo))
    assert lima.calls == [("stop", "demo-dev", False), ("delete", "demo-dev")]
    assert "Destroying VM: demo-dev" in shown[0]
    assert "shutting down the guest" in shown[0]
    assert "deleting its disk" in capsys.readouterr().err


def test_a_silent_wait_is_told_again(lima, demo, monkeypatch):
    """Without a terminal, a stage is a line when it begins; then nothing for as long as the guest takes."""
    beats = []
    monkeypatch.setattr("sysinit_vm.vm.stop.repeat_every", lambda seconds, act: beats.append(act) or nullcontext())
    lima.add("demo-dev", demo.project.root, "Running")
    destroy(ProjectVm.read(lima, demo))
    assert [act.__name__ for act in beats] == ["remind"]
