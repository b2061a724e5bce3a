import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from sysinit_vm.executables import find
from sysinit_vm.lima import over_ssh
from sysinit_vm.lima.account import Account
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from tests.fakes import DATA, RecordingRunner

NASTY = ["a b", "c$d", "e'f", 'g"h', "*", "", "x=1", "a\nb", "--", "-n", "\\", "it\\'s", "`id`", "é", "!"]


@pytest.fixture
def vm(home, monkeypatch):
    """A running instance as limactl lists it, with the ssh config that Lima writes at a start."""
    monkeypatch.delenv("SSH", raising=False)
    place = home / ".lima" / "demo-dev"
    place.mkdir(parents=True)
    (place / "ssh.config").write_text("Host lima-demo-dev\n")
    row = json.loads((DATA / "list-running.json").read_text())
    return replace(Instance.from_json(row), dir=place, filled={"user": {"shell": "/bin/bash"}})


def with_shell(vm, shell):
    return replace(vm, filled={"user": {"shell": shell}})


def attached(vm, *words, account=None):
    runner = RecordingRunner()
    lima = Limactl(runner, find("true"), account or Account())
    lima.attach(vm.name, words, "/w", marker="m", direct=vm)
    return runner.argvs[-1]


def test_a_command_goes_by_ssh_with_the_config_that_lima_wrote_to_the_configs_shell_as_a_login(vm):
    *ssh, line = attached(vm, "ls", "a b")
    config = str(vm.files.ssh_config)
    assert ssh == [str(find("ssh")), "-F", config, "-o", "LogLevel=ERROR", "lima-demo-dev", "--"]
    cd, _, run = line.partition(" ; ")
    assert cd == "cd /w || exit 1"
    assert shlex.split(run)[:4] == ["exec", "/bin/bash", "-l", "-c"]
    assert shlex.split(shlex.split(run)[4])[3:] == ["m", "ls", "a b"]


def test_it_is_in_the_account_that_limactl_has(vm):
    assert attached(vm, "true", account=Account(("bwrap", "--"), {"USER": "dev"}))[:3] == (
        "bwrap",
        "--",
        str(find("ssh")),
    )


def test_the_shell_is_the_configs(vm):
    assert "exec /usr/bin/fish -l" in attached(with_shell(vm, "/usr/bin/fish"), "true")[-1]


def no_config(vm, _monkeypatch):
    vm.files.ssh_config.unlink()
    return vm


def no_ssh(vm, monkeypatch):
    monkeypatch.setattr(over_ssh, "find", lambda _program: None)
    return vm


def an_ssh_of_the_users_own(vm, monkeypatch):
    monkeypatch.setenv("SSH", "kitten ssh")
    return vm


def a_terminal(vm, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    return vm


def a_shell_that_the_guest_lacks(vm, _monkeypatch):
    vm.files.lacks_shell.write_text("/usr/bin/fish")
    return vm


def an_unknown_shell(vm, _monkeypatch):
    return replace(vm, filled={})


CASES = [no_config, no_ssh, an_ssh_of_the_users_own, a_terminal, a_shell_that_the_guest_lacks, an_unknown_shell]


@pytest.mark.parametrize("case", CASES)
def test_otherwise_limactl_does_it(vm, monkeypatch, case):
    assert attached(case(vm, monkeypatch), "true")[1] == "shell"


@pytest.mark.parametrize("nasty", [[word] for word in NASTY] + [NASTY])
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_guest_gets_exact_words_whatever_its_login_shell(vm, tmp_path, shell, nasty):
    program = shutil.which(shell)
    *_, line = over_ssh.argv(with_shell(vm, program), ("printf", "<%s>", *nasty), "/", "m")
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run([program, "-c", line], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "".join(f"<{word}>" for word in nasty)), done.stderr
