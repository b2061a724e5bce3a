import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest

from sysinit_vm.errors import VmError
from sysinit_vm.lima import recovery
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.recovery import recover
from tests.fakes import FakeLimactl


@pytest.fixture
def broken(tmp_path):
    def recovered(*, written=None, **pids):
        """``written`` is when the pid files were, in seconds since the epoch; None is now."""
        for name, text in pids.items():
            (tmp_path / f"{name}.pid").write_text(text)
            os.utime(tmp_path / f"{name}.pid", None if written is None else (written, written))
        instance = Instance("a", "Broken", tmp_path)
        lima, left = FakeLimactl(instance), []
        lima.on_stop = lambda: left.extend(sorted(path.name for path in tmp_path.glob("*.pid")))
        recover(lima, instance)
        return [(name, force, left) for _, name, force in lima.calls]

    return recovered


def test_a_recycled_pid_is_dropped_before_limactl_could_kill_its_process(broken):
    assert broken(ha=str(os.getpid()), qemu=f"{os.getpid()}\n", written=0) == [("a", True, [])]


@pytest.mark.parametrize("text", ["", "no number", "0", "-1", "999999999", "4294967297"])
def test_a_pid_file_that_names_no_process_is_dropped(broken, text):
    assert broken(ha=text) == [("a", True, [])]


@pytest.mark.parametrize("name", ["limactl", ".limactl-wrapped", ".qemu-system-x86_64-wrapped"])
@pytest.mark.parametrize("written", [None, 0], ids=["now", "by a clock that was wrong"])
def test_a_pid_of_limas_own_is_left_to_limactl(broken, tmp_path, name, written):
    """nix's wrappers leave their programs such names."""
    program = shutil.copy("/bin/cat", tmp_path / name)
    with subprocess.Popen([program, "-", f"{tmp_path}/ha.pid"], stdin=subprocess.PIPE) as own:
        assert broken(ha=str(own.pid), written=written) == [("a", True, ["ha.pid"])]


@pytest.fixture
def innocent():
    """A process whose command line merely speaks of Lima."""
    words = [sys.executable, "-c", "input()", "/home/me/notes about limactl.txt"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        yield process
        process.communicate(b"\n")


def test_an_innocent_process_with_a_recycled_pid_is_not_killed(broken, innocent):
    assert broken(ha=str(innocent.pid), written=0) == [("a", True, [])]


def test_a_process_that_ran_when_its_pid_was_recorded_and_is_not_known_is_left_and_so_is_the_file(
    broken, innocent, tmp_path
):
    """It may be Lima's, by a name that we do not know. limactl would kill it."""
    with pytest.raises(VmError, match=rf"ha\.pid records process {innocent.pid}[\s\S]*Try: ps -f -p {innocent.pid}"):
        broken(ha=str(innocent.pid), qemu="999999999")
    assert [path.name for path in tmp_path.glob("*.pid")] == ["ha.pid"]
    assert innocent.poll() is None


def test_a_process_that_has_ended_but_is_still_listed_is_gone(broken):
    with subprocess.Popen(["true"]) as ended:
        while psutil.Process(ended.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert broken(ha=str(ended.pid)) == [("a", True, [])]


@pytest.fixture
def own_process(tmp_path):
    """A process of an instance's: a program called qemu-system that names the instance's directory."""
    program = shutil.copy("/bin/cat", tmp_path / "qemu-system-x86_64")
    with subprocess.Popen([program, "-", f"{tmp_path}/x-dev/qmp.sock"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def unreadable(tmp_path, pid):
    directory = tmp_path / "x-dev"
    directory.mkdir(exist_ok=True)
    (directory / "qemu.pid").write_text(f"{pid}\n")
    return Instance("x-dev", "", directory)


def test_the_processes_of_a_vm_that_lima_cannot_read_are_ended_by_us(tmp_path, own_process):
    """limactl calls it stopped, whatever runs."""
    instance = unreadable(tmp_path, own_process.pid)
    lima = FakeLimactl(instance)
    assert recovery.own_processes(instance.files)
    recover(lima, instance)
    assert not psutil.pid_exists(own_process.pid)
    assert lima.calls == []


QEMU = "trap 'touch \"$0/told\"; exit' TERM; echo; while :; do sleep 0.05; done"
AGENT = """\
ended() {
    sleep 0.3
    [ -e "$0/told" ] || { kill -9 "$(cat "$0/qemu.pid")"; touch "$0/shut-down"; }
    exit
}
trap ended TERM; echo; while :; do sleep 0.05; done
"""


@contextmanager
def running(tmp_path, *, booted):
    """A VM that Lima cannot list: its host agent shuts the guest down if it alone is asked to end."""
    directory = tmp_path / "x-dev"
    directory.mkdir()
    programs = [shutil.copy("/bin/sh", tmp_path / name) for name in ("qemu-system-x86_64", "limactl")]
    begun = [
        subprocess.Popen([program, "-c", text, directory, f"{directory}/x.sock"], stdout=subprocess.PIPE)
        for program, text in zip(programs, (QEMU, AGENT), strict=True)
    ]
    with begun[0] as qemu, begun[1] as agent:
        try:
            for name, process in (("qemu", qemu), ("ha", agent)):
                process.stdout.readline()
                (directory / f"{name}.pid").write_text(str(process.pid))
            (directory / "ha.stdout.log").write_text(json.dumps({"status": {"running": booted}}) + "\n")
            yield Instance("x-dev", "", directory)
        finally:
            for process in (qemu, agent):
                process.kill()


@pytest.mark.parametrize("booted", [True, False])
def test_a_guest_that_limactl_cannot_stop_is_shut_down_by_its_host_agent(tmp_path, booted):
    with running(tmp_path, booted=booted) as instance:
        assert len(recovery.own_processes(instance.files)) == 2
        stages = []
        recovery.shut_down(FakeLimactl(instance), instance, stages.append)
        assert (instance.dir / "shut-down").exists() is booted
        assert stages == (["shutting down the guest"] if booted else [])
        recovery.end_processes(instance.files)


def test_without_a_host_agent_the_guests_power_button_is_pressed(tmp_path, own_process, monkeypatch):
    instance = unreadable(tmp_path, own_process.pid)
    (instance.dir / "ha.stdout.log").write_text('{"status": {"running": true}}\n')
    pressed = lambda _: own_process.kill() or True  # noqa: E731
    monkeypatch.setattr(recovery.qmp, "power_down", pressed)
    recovery.shut_down(FakeLimactl(instance), instance, lambda _: None)
    assert own_process.poll() is not None


def test_a_process_of_another_instance_is_left(tmp_path, own_process):
    (tmp_path / "y-dev").mkdir()
    (tmp_path / "y-dev" / "qemu.pid").write_text(str(own_process.pid))
    files = Instance("y-dev", "", tmp_path / "y-dev").files
    recovery.end_processes(files)
    assert own_process.poll() is None


def test_a_pid_that_another_vms_process_has_now_is_dropped(tmp_path, own_process):
    """limactl would kill it, and numbers are used again after each boot of this machine."""
    directory = tmp_path / "y-dev"
    directory.mkdir()
    (directory / "ha.pid").write_text(str(own_process.pid))
    os.utime(directory / "ha.pid", (0, 0))
    lima = FakeLimactl(Instance("y-dev", "Broken", directory))
    recover(lima, Instance("y-dev", "Broken", directory))
    assert not (directory / "ha.pid").exists()
    assert own_process.poll() is None


@pytest.fixture
def limactl(tmp_path, request):
    """A program of this name that runs until it is told to end."""
    program = tmp_path / "bin" / request.param
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nread -r line\n")
    program.chmod(0o755)

    @contextmanager
    def run(*words, lima_home):
        environment = {**os.environ, "LIMA_HOME": str(lima_home)}
        with subprocess.Popen([program, *words], stdin=subprocess.PIPE, env=environment) as process:
            while not any("limactl" in word for word in psutil.Process(process.pid).cmdline()):
                time.sleep(0.01)
            yield
            process.communicate(b"\n")

    return run


@pytest.mark.parametrize(
    ("words", "elsewhere", "answer"),
    [
        (("start", "--tty=false", "--timeout=600s", "demo-dev"), False, True),
        (("start", "--tty=false", "--timeout=600s", "demo-dev"), True, False),
        (("start", "--tty=false", "demo-dev-2"), False, False),
        (("shell", "demo-dev"), False, False),
    ],
)
@pytest.mark.parametrize("limactl", ["limactl", ".limactl-wrapped"], indirect=True)
def test_a_limactl_that_still_starts_a_vm_is_seen(limactl, home, words, elsewhere, answer):
    with limactl("--log-format=json", *words, lima_home=home / ("other" if elsewhere else ".lima")):
        assert recovery.starting("demo-dev") is answer
    assert recovery.starting("demo-dev") is False


def test_a_vm_without_pid_files_is_only_stopped(broken):
    assert broken() == [("a", True, [])]
