from pathlib import Path

import pytest

from sysinit_vm.lima import login_shell
from sysinit_vm.lima.account import Account
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from tests.fakes import RecordingRunner, result


def wrapped(*answers):
    recorder = RecordingRunner(*answers)
    return Limactl(recorder, Path("/b/limactl"), Account()), recorder


def words(recorder):
    return [list(argv[1:]) for argv in recorder.argvs]


@pytest.fixture
def place(home):
    (home / ".lima" / "a").mkdir(parents=True)
    return home / ".lima"


def with_shell(place, shell):
    return Instance("a", "Running", place / "a", filled={"user": {"shell": shell}})


def test_a_guest_without_the_configs_shell_is_asked_by_bash_and_then_used_by_it(place):
    lima, recorder = wrapped(result(1), result(0), result(0), result(0))
    fish = with_shell(place, "/usr/bin/fish")
    assert login_shell.settle(lima, fish) == "/usr/bin/fish"
    lima.run("a", ("ls",))
    assert login_shell.settle(lima, fish) == ""  # it was installed since
    lima.run("a", ("ls",))
    asked, by_bash, again, by_fish = words(recorder)
    assert asked[-3:] == ["test", "-x", "/usr/bin/fish"]
    assert asked[:3] == by_bash[:3] == again[:3] == ["shell", "--tty=false", "--shell=/bin/bash"]
    assert by_fish[:3] == ["shell", "--tty=false", "--workdir"]


@pytest.mark.parametrize("shell", ["/bin/bash", "/bin/sh", "", None])
def test_of_a_shell_that_every_image_has_nobody_is_asked(place, shell):
    lima, recorder = wrapped()
    assert login_shell.settle(lima, with_shell(place, shell)) == ""
    assert words(recorder) == []


def test_a_guest_that_cannot_say_whether_it_has_the_shell_keeps_it(place):
    lima, _ = wrapped(result(127))
    assert login_shell.settle(lima, with_shell(place, "/run/current-system/sw/bin/zsh")) == ""
