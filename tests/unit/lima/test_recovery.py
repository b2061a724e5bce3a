import os
import shutil
import subprocess
import sys

import pytest

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
    with subprocess.Popen([program], stdin=subprocess.PIPE) as own:
        assert broken(ha=str(own.pid)) == [("a", True, ["ha.pid"])]
        own.communicate(b"")
    assert own.returncode == 0


def test_an_innocent_process_whose_command_line_merely_speaks_of_lima_is_not_killed(broken):
    words = [sys.executable, "-c", "input()", "/home/me/notes about limactl.txt"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as innocent:
        assert broken(ha=str(innocent.pid)) == [("a", True, [])]
        innocent.communicate(b"\n")


def test_a_vm_without_pid_files_is_only_stopped(broken):
    assert broken() == [("a", True, [])]
