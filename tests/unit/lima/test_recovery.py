import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest

from sysinit_vm.lima import recovery
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.recovery import recover
from tests.fakes import FakeLimactl


@pytest.fixture
def broken(tmp_path):
    def recovered(**pids):
        for name, text in pids.items():
            (tmp_path / f"{name}.pid").write_text(text)
        instance = Instance("a", "Broken", tmp_path)
        lima, left = FakeLimactl(instance), []
        lima.on_stop = lambda: left.extend(sorted(path.name for path in tmp_path.glob("*.pid")))
        recover(lima, instance)
        return [(name, force, left) for _, name, force in lima.calls]

    return recovered


def test_a_recycled_pid_is_dropped_before_limactl_could_kill_its_process(broken):
    assert broken(ha=str(os.getpid()), qemu=f"{os.getpid()}\n") == [("a", True, [])]


@pytest.mark.parametrize("text", ["", "no number", "0", "-1", "999999999", "4294967297"])
def test_a_pid_file_that_names_no_process_is_dropped(broken, text):
    assert broken(ha=text) == [("a", True, [])]


def test_a_pid_of_limas_own_is_left_to_limactl(broken, tmp_path):
    program = shutil.copy("/bin/cat", tmp_path / "limactl")
    with subprocess.Popen([program, "-", f"{tmp_path}/ha.pid"], stdin=subprocess.PIPE) as own:
        assert broken(ha=str(own.pid)) == [("a", True, ["ha.pid"])]


def test_an_innocent_process_whose_command_line_merely_speaks_of_lima_is_not_killed(broken):
    words = [sys.executable, "-c", "input()", "/home/me/notes about limactl.txt"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as innocent:
        assert broken(ha=str(innocent.pid)) == [("a", True, [])]
        innocent.communicate(b"\n")


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
    lima = FakeLimactl(Instance("y-dev", "Broken", directory))
    recover(lima, Instance("y-dev", "Broken", directory))
    assert not (directory / "ha.pid").exists()
    assert own_process.poll() is None


@pytest.fixture
def limactl(tmp_path):
    """A program called limactl that runs until it is told to end."""
    program = tmp_path / "bin" / "limactl"
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
def test_a_limactl_that_still_starts_a_vm_is_seen(limactl, home, words, elsewhere, answer):
    with limactl("--log-format=json", *words, lima_home=home / ("other" if elsewhere else ".lima")):
        assert recovery.starting("demo-dev") is answer
    assert recovery.starting("demo-dev") is False


def test_a_vm_without_pid_files_is_only_stopped(broken):
    assert broken() == [("a", True, [])]
