import re
from dataclasses import replace
from pathlib import Path

import pytest

from sysinit_vm.errors import UsageError
from sysinit_vm.guest import access, install_zellij, zellij
from sysinit_vm.lima.account import Account
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.projects.project import Project
from tests.fakes import RecordingRunner, guest_words, result

DEMO = Instance("demo-dev", "Running", Path("/l/demo-dev"), param={"PROJECT_DIR": "/work/demo"})
BARE = Instance("own", "Running", Path("/l/own"))


@pytest.fixture
def lima(monkeypatch):
    monkeypatch.setattr(Path, "cwd", lambda: Path("/work/demo/src"))
    return Limactl(RecordingRunner(), Path("/b/limactl"), Account())


def guest(lima):
    argv = lima.runner.argvs[-1]
    assert lima.runner.kinds[-1] == "attach"
    workdir, words = guest_words(argv)
    return workdir, tuple(words)


def test_the_shell_attaches_to_the_projects_session_at_its_root(lima):
    assert access.shell(lima, DEMO) == 0
    workdir, words = guest(lima)
    assert workdir == "/work/demo"
    assert words[6:10] == ("demo", "/work/demo", "/work/demo/src", "")
    assert "attach --create" in words[5]


@pytest.mark.parametrize(("forwarded", "alone"), [(False, True), (True, False)])
def test_a_session_has_a_connection_of_its_own_unless_the_agent_is_in_it(lima, monkeypatch, forwarded, alone):
    monkeypatch.delenv("SSH", raising=False)
    access.shell(lima, replace(DEMO, filled={"ssh": {"forwardAgent": forwarded}}))
    assert ("ControlPath=none" in lima.runner.options[-1]["env"].get("SSH", "")) is alone
    access.execute(lima, DEMO, ["true"])
    assert "SSH" not in lima.runner.options[-1]["env"]


def test_a_layout_travels_as_data(lima):
    access.shell(lima, DEMO, layout="/work/demo/a 'b'.kdl")
    assert guest(lima)[1][9] == "/work/demo/a 'b'.kdl"


def test_only_a_running_guest_is_asked_for_a_layout_of_its_own(lima):
    home = Project(Path("/work/demo"))
    assert access.layout(lima, DEMO, home, "theirs") == "theirs"
    assert lima.runner.argvs[-1][-1] == "theirs"
    lima.runner.calls.clear()
    for instance in (None, Instance("demo-dev", "Stopped", Path("/l"))):
        with pytest.raises(UsageError, match="There is no layout"):
            access.layout(lima, instance, home, "theirs")
    assert lima.runner.argvs == []


def test_a_plain_shell_begins_where_the_user_is(lima):
    access.shell(lima, DEMO, plain=True)
    workdir, words = guest(lima)
    assert workdir == words[-1] == "/work/demo/src"
    assert "zellij" not in " ".join(words)


@pytest.mark.parametrize(("answers", "code"), [([97, 7], 7), ([97, 97], 97)])
def test_a_guest_without_zellij_gets_one_and_is_attached_to_once_more(lima, monkeypatch, answers, code):
    """It is this guest that says so: whatever it says the second time is the end."""
    given = []
    monkeypatch.setattr(install_zellij, "install", lambda lima, instance: given.append(instance) or "")
    lima.runner.answers = [result(answer) for answer in answers]
    monkeypatch.setattr(access, "_runs", lambda *_: True)
    assert access.shell(lima, DEMO) == code
    assert lima.runner.kinds.count("attach") == 2
    assert given == [DEMO]


def test_a_guest_that_cannot_have_zellij_gives_a_login_shell_with_a_word(lima, monkeypatch, capsys):
    monkeypatch.setattr(install_zellij, "install", lambda *_: "its disk is full")
    monkeypatch.setattr(access, "_runs", lambda *_: True)
    lima.runner.answers = [result(97), result(5)]
    assert access.shell(lima, DEMO) == 5
    assert guest(lima) == ("/work/demo/src", zellij.login_shell_argv("/work/demo/src"))
    words = "Zellij is not installed in this guest: its disk is full. Here is a login shell instead.\n"
    assert capsys.readouterr().err == words


def test_a_vm_without_a_project_gives_a_plain_shell(lima):
    access.shell(lima, BARE)
    workdir, words = guest(lima)
    assert workdir == "/"
    assert "zellij" not in " ".join(words)


def test_one_word_is_a_line_for_the_guests_bash():
    assert access.exec_argv(["make test && echo 'ok'"]) == ("bash", "-c", "--", "make test && echo 'ok'")


def test_several_words_are_an_exact_argv():
    assert access.exec_argv(["printf", "%s", "a b", "$c", ""]) == ("printf", "%s", "a b", "$c", "")


@pytest.mark.parametrize(("words", "command"), [(["a"], ("bash", "-c", "--", "a")), (["a", "b"], ("a", "b"))])
def test_variables_stand_before_the_command(words, command):
    assert access.exec_argv(words, ["CI=1", "EMPTY=", "_x=a=b c"]) == ("env", "CI=1", "EMPTY=", "_x=a=b c", *command)


@pytest.mark.parametrize("bad", ["CI", "=1", "1A=2", "a-b=c", "-i", "", "é=1", " A=1"])
def test_a_bad_variable_is_a_usage_error(bad):
    with pytest.raises(UsageError, match="NAME=VALUE"):
        access.exec_argv(["ls", "-l"], [bad])


def test_no_words_are_a_usage_error():
    with pytest.raises(UsageError, match="exec needs a command"):
        access.exec_argv([])


def test_an_argv_runs_in_the_directory_that_corresponds(lima):
    access.execute(lima, DEMO, ["printf", "%s", "a b", "$c", ""])
    assert guest(lima) == ("/work/demo/src", ("printf", "%s", "a b", "$c", ""))


def test_the_guest_commands_own_status_comes_back(lima):
    lima.runner.answers = [result(7)]
    assert access.execute(lima, DEMO, ["ls", "-l"]) == 7


@pytest.mark.parametrize("stdin", [True, False])
def test_standard_input_is_left_alone_when_told_so(lima, stdin):
    access.execute(lima, DEMO, ["cat", "-"], stdin=stdin)
    assert lima.runner.options[-1]["stdin"] is stdin


def test_an_interrupt_is_sent_to_the_marked_guest_process(lima):
    access.execute(lima, DEMO, ["sleep", "9"])
    argv = lima.runner.argvs[-1]
    marker = argv[argv.index("--") + 4]
    assert re.fullmatch(r"sysinit-exec-\d+-[0-9a-f]{8}", marker)
    lima.runner.options[-1]["on_interrupt"]()
    assert lima.runner.argvs[-1][-1] == marker
    assert lima.runner.kinds[-1] == "read"


def test_the_guest_directory_is_the_same_inside_the_vms_own_project():
    assert access.guest_directory(DEMO, Path("/work/demo/a")) == "/work/demo/a"
    assert access.guest_directory(DEMO, Path("/work/demo-2")) == "/work/demo"
    assert access.guest_directory(BARE, Path("/work")) == "/"
