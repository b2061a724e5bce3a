import os
import subprocess
from contextlib import nullcontext

import psutil
import pytest

from sysinit_vm.errors import StateError, VmError
from sysinit_vm.lima import recovery
from sysinit_vm.vm.destroy import destroy
from sysinit_vm.vm.project_vm import ProjectVm
from sysinit_vm.vm.stop import UNBOOTED_SECONDS, stop, stop_all


def test_stopping_stops_a_running_one_and_leaves_a_stopped_one(lima, demo):
    lima.add("demo-dev", demo.project.root, "Running")
    assert stop(ProjectVm.read(lima, demo)).status == "Stopped"
    assert stop(ProjectVm.read(lima, demo)).status == "Stopped"
    assert lima.calls == [("stop", "demo-dev", False)]


def test_what_lima_cannot_read_is_ended_if_it_is_the_projects(lima, demo, monkeypatch):
    """Its guest can make it so, and would run on."""
    ended = []
    monkeypatch.setattr(recovery, "end_processes", lambda files: ended.append(files.name))
    lima.add("demo-dev", demo.project.root, "")
    assert stop(ProjectVm.read(lima, demo)).name == "demo-dev"
    assert destroy(ProjectVm.read(lima, demo)) == "demo-dev"
    assert set(ended) == {"demo-dev"}
    assert lima.calls == [("delete", "demo-dev")]


def test_what_lima_cannot_read_is_not_taken_for_the_projects(lima, demo):
    lima.add("demo-dev", None, "")
    for act in (stop, destroy):
        with pytest.raises(StateError, match="cannot be used"):
            act(ProjectVm.read(lima, demo))
    assert lima.calls == []


@pytest.mark.parametrize("runs", [True, False])
def test_all_that_run_are_stopped_even_if_lima_cannot_read_them(lima, demo, monkeypatch, runs):
    ended = []
    monkeypatch.setattr(recovery, "end_processes", lambda files: ended.append(files.name))
    monkeypatch.setattr("sysinit_vm.vm.stop.own_processes", lambda _: ["qemu"] if runs else [])
    lima.add("demo-dev", demo.project.root, "")
    assert stop_all(lima) == (["demo-dev"] if runs else [])
    assert ended == (["demo-dev"] if runs else [])


def test_stopping_with_force_and_a_broken_one(lima, demo):
    lima.add("demo-dev", demo.project.root, "Running")
    stop(ProjectVm.read(lima, demo), force=True)
    lima.add("demo-dev", demo.project.root, "Broken")
    stop(ProjectVm.read(lima, demo))
    assert lima.calls == [("stop", "demo-dev", True), ("stop", "demo-dev", True)]


@pytest.mark.parametrize(("force", "told"), [(False, "shutting down the guest"), (True, "powering it off")])
def test_what_it_waits_for_is_shown(lima, demo, capsys, force, told):
    lima.add("demo-dev", demo.project.root, "Running")
    shown = []
    lima.on_stop = lambda: shown.append(capsys.readouterr().err)
    stop(ProjectVm.read(lima, demo), force=force)
    assert "Stopping VM: demo-dev" in shown[0]
    assert told in shown[0]


def test_one_that_is_stopped_already_is_not_said_to_be_stopping(lima, demo, capsys):
    lima.add("demo-dev", demo.project.root, "Stopped")
    stop(ProjectVm.read(lima, demo))
    assert capsys.readouterr().err == ""


def test_all_are_one_task_with_a_stage_for_each(lima, demo, capsys):
    lima.add("demo-dev", demo.project.root, "Running")
    stop_all(lima)
    lines = [line.split("] ")[-1] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["Stopping 1 VMs", "demo-dev", "demo-dev: shutting down the guest"]


BOOTING = '{"level":"info","msg":"[hostagent] Waiting for the essential requirement 1 of 2: \\"ssh\\""}\n'
LOGGED_IN = '{"level":"info","msg":"[hostagent] The essential requirement 1 of 2 is satisfied"}\n'


def booting(lima, demo, log):
    instance = lima.add("demo-dev", demo.project.root, "Running")
    instance.files.events.write_text("")
    instance.files.host_agent_log.write_text(log)
    return instance


def test_a_guest_that_has_not_booted_is_not_waited_for_as_long_as_limactl_would(lima, demo, capsys):
    booting(lima, demo, BOOTING)
    lima.stops = False
    asked = []
    lima.on_stop = lambda: asked.append(capsys.readouterr().err)
    assert stop(ProjectVm.read(lima, demo)).status == "Stopped"
    assert lima.calls == [("stop", "demo-dev", False), ("stop", "demo-dev", True)]
    assert lima.waits == [UNBOOTED_SECONDS, None]
    assert "has not booted" in asked[0]
    assert "powering off the guest" in asked[1]


def test_one_that_comes_up_meanwhile_is_shut_down_properly(lima, demo):
    booting(lima, demo, BOOTING)
    stop(ProjectVm.read(lima, demo))
    assert (lima.calls, lima.waits) == ([("stop", "demo-dev", False)], [UNBOOTED_SECONDS])


@pytest.mark.parametrize("stops", [True, False])
def test_a_guest_that_ssh_has_reached_has_all_the_time_to_write_what_it_has_to(lima, demo, stops):
    """It is still provisioned: the host agent does not call it ready, but it hears."""
    booting(lima, demo, BOOTING + LOGGED_IN)
    lima.stops = stops
    with nullcontext() if stops else pytest.raises(StateError):
        stop(ProjectVm.read(lima, demo))
    assert (lima.calls, lima.waits) == ([("stop", "demo-dev", False)], [None])


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("act", [stop, destroy])
def test_a_process_that_has_got_a_recorded_id_is_not_signalled(lima, demo, act, force):
    """Lima calls the VM running by it, and would send it a signal."""
    pid_file = lima.add("demo-dev", demo.project.root, "Running").dir / "ha.pid"
    pid_file.write_text(f"{os.getpid()}\n")
    os.utime(pid_file, (0, 0))
    recorded = []
    lima.on_stop = lambda: recorded.append(pid_file.exists())
    act(ProjectVm.read(lima, demo), **({"force": force} if act is stop else {}))
    assert recorded == [False]
    assert ("stop", "demo-dev", True) in lima.calls


@pytest.mark.parametrize("ends", [True, False])
def test_a_guest_that_is_down_is_stopped_whatever_limactl_says_of_its_log(lima, demo, monkeypatch, ends):
    monkeypatch.setattr(recovery, "_MOMENT", 0.1)
    with subprocess.Popen(["sleep", "60"]) as process:
        monkeypatch.setattr("sysinit_vm.vm.stop.own_processes", lambda _: [psutil.Process(process.pid)])
        lima.add("demo-dev", demo.project.root, "Running")

        def failing(*_, **__):
            if ends:
                process.kill()
            raise VmError("invalid character")

        monkeypatch.setattr(lima, "stop", failing)
        with nullcontext() if ends else pytest.raises(VmError, match="invalid character"):
            assert stop(ProjectVm.read(lima, demo)).status == "Stopped"
        process.kill()
