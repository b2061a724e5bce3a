"""A machine that lacks something: the plan on a terminal, its one question, and KVM for whoever was not in its group."""

import grp
import os
import re
import shutil
import sys

import pytest

from tests.lima.terminal import Terminal
from tests.worlds import SCRIPT

ASKED = r"Do all this\? \(no: end here\) \[y/N, s shows the commands\]"


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def lacking(world):
    """A world in which everything is there but limactl, which the go here cannot build."""
    tools = world.home.parent / "tools"
    put(
        tools / "go", 'case $1 in version) echo go version go1.26.8 linux/amd64 ;; *) echo "no network"; exit 1 ;; esac'
    )
    zellij = put(tools / "zellij-of-ours", "echo zellij 0.45.1")
    world.env |= {"PATH": f"{tools}{os.pathsep}{world.env['PATH']}", "SYSINIT_VM_ZELLIJ": str(zellij)}
    world.env["SYSINIT_VM_LIMACTL"] = ""
    if shutil.which("limactl"):  # of the machine
        pytest.skip("there is a limactl on PATH")
    return world


def at(world, *words, typed=""):
    terminal = Terminal([*SCRIPT, *words], world.demo, world.env, rows=60, columns=140)
    terminal.press(typed)
    terminal.wait_for(ASKED, seconds=60)
    return terminal


@pytest.mark.parametrize(("verb", "retry"), [("setup", "sysinit-vm setup --yes"), ("up", "sysinit-vm up --yes")])
def test_one_question_comes_after_the_whole_plan_and_a_refusal_says_what_to_type(lacking, verb, retry):
    terminal = at(lacking, verb)
    for words in ("for limactl, guest agent", r"1 to \d minutes, \d+ MB to download", "ten times slower"):
        terminal.wait_for(words, seconds=1)
    assert "  $ " not in terminal.text
    terminal.press("n\r")
    terminal.wait_for(f"Try: {retry}", seconds=20)
    assert terminal.exit_status() == 5
    assert not (lacking.demo / ".lima").exists()


def test_what_is_to_be_typed_after_a_refusal_has_the_flags_that_were_typed(lacking):
    done = lacking.run("up", "--ssh", "none", "--template", "minimal", "--name", "other-dev")
    assert done.returncode == 5
    assert done.stderr.splitlines()[-1] == "Try: sysinit-vm up --template minimal --name other-dev --ssh none --yes"
    assert lacking.run("setup", "--extras").stderr.splitlines()[-1] == "Try: sysinit-vm setup --extras --yes"


def test_the_commands_are_shown_for_s_and_the_question_comes_again(lacking):
    terminal = at(lacking, "setup")
    terminal.press("s\r")
    terminal.wait_for(r"\$ env GOROOT= [\s\S]*go build[\s\S]*Do all this\?", seconds=20)
    terminal.press("\r")
    assert terminal.exit_status() == 5


@pytest.mark.parametrize("typed", ["y\r", "y", "\r\r"])
def test_keys_from_before_the_question_do_not_answer_it(lacking, typed):
    terminal = at(lacking, "setup", typed=typed)
    terminal.read(1)
    assert "failed" not in terminal.text
    assert "Not confirmed" not in terminal.text
    terminal.press("n\r")
    assert terminal.exit_status() == 5


def test_y_alone_waits_for_enter(lacking):
    terminal = at(lacking, "setup")
    terminal.press("y")
    terminal.read(1)
    assert "downloading Lima's modules" not in terminal.text
    terminal.press("\r")
    terminal.wait_for("downloading Lima's modules", seconds=20)
    assert terminal.exit_status() == 1
    assert "no network" in terminal.text


@pytest.mark.parametrize("words", [("setup",), ("setup", "--yes")])
def test_without_a_terminal_and_with_yes_the_commands_are_shown(lacking, words):
    done = lacking.run(*words)
    assert done.returncode == (1 if "--yes" in words else 5)
    assert "  $ env GOROOT= " in done.stderr
    assert "Try: " in done.stderr


def test_up_says_that_the_keys_will_be_readable_and_how_to_say_no(lacking):
    (lacking.home / ".ssh").mkdir()
    terminal = at(lacking, "up")
    for words in (r"SSH keys: programs in the VM can read those in ~/\.ssh", "--ssh agent", "--ssh none"):
        terminal.wait_for(words, seconds=1)
    terminal.press("\r")
    assert terminal.exit_status() == 5
    assert "read those in ~/.ssh" not in lacking.run("up", "--ssh", "none").stderr
    assert "your ssh-agent will be forwarded" in lacking.run("up", "--ssh", "agent").stderr


@pytest.fixture
def complete(world):
    zellij = put(world.home.parent / "tools" / "zellij-of-ours", "echo zellij 0.45.1")
    world.env |= {"SYSINIT_VM_ZELLIJ": str(zellij)}
    (world.home / ".ssh").mkdir()
    return world


def test_up_writes_a_config_without_the_keys_if_so_told(complete):
    assert complete.run("up", "--yes", "--ssh", "none").returncode == 0
    assert b"~/.ssh" not in complete.config()
    again = complete.run("up", "--ssh", "none")
    assert again.returncode == 0, again.stderr
    other = complete.run("up", "--ssh", "keys")
    assert other.returncode == 2
    assert "sysinit-vm init --ssh keys" in other.stderr


def test_up_with_keys_says_so_on_a_machine_that_lacks_nothing(complete):
    done = complete.run("up", "--yes")
    assert done.returncode == 0
    assert "SSH keys: programs in the VM can read those in ~/.ssh" in done.stderr
    assert "can read those" not in complete.run("up").stderr


def test_a_choice_that_there_is_not_is_a_wrong_command_line(complete):
    assert complete.run("up", "--ssh", "everything").returncode == 2
    assert not (complete.demo / ".lima").exists()


STAND_INS = """\
import os
from pathlib import Path

os.geteuid = lambda: 1000
import sysinit_vm.lima.kvm as kvm

joined = Path({joined!r})
kvm.GROUP = {group!r}
kvm.access = lambda: kvm.Access.JOINED if joined.exists() else kvm.Access.JOINABLE
"""


QEMU = 'case $1 in --version) echo "QEMU emulator version 7.2.0" ;; *) id -Gn >{groups}; exit {code} ;; esac'


@pytest.fixture
def outsider(complete):
    """An account with sudo that is not in the group of the stand-in for /dev/kvm. sg is the real one."""
    place = complete.home.parent
    group, tools = grp.getgrgid(60).gr_name, place / "tools"
    put(tools / "sudo", f'echo "$*" >>{place}/sudo.log\ncase $1 in usermod) touch {place}/joined ;; esac')
    put(tools / "qemu-system-x86_64", QEMU.format(groups=place / "qemu.groups", code=0))
    put(tools / "newuidmap", "")
    (place / "sitecustomize.py").write_text(STAND_INS.format(joined=str(place / "joined"), group=group))
    real = complete.limactl.rename(complete.limactl.with_name("limactl-itself"))
    put(
        complete.limactl,
        f'case $* in *" start "*) id -Gn >{place}/vm.groups; id -gn >>{place}/vm.groups ;; esac\nexec {real} "$@"',
    )
    complete.env |= {
        "PATH": f"{tools}{os.pathsep}{complete.env['PATH']}",
        "PYTHONPATH": f"{place}{os.pathsep}{complete.env.get('PYTHONPATH', '')}",
        "SYSINIT_VM_ACCELERATOR": "auto",
    }
    complete.group = group
    return complete


only_root = pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="only root is in every group")


@only_root
@pytest.mark.parametrize("works", [True, False])
def test_setup_adds_the_account_and_the_next_start_uses_kvm_without_a_new_login(outsider, works):
    place = outsider.home.parent
    if not works:
        put(place / "tools" / "qemu-system-x86_64", QEMU.format(groups=place / "qemu.groups", code=1))
    terminal = at(outsider, "setup")
    for words in (
        f"joins the group {outsider.group}, and uses it at once, without a new login",
        "about ten times slower",
    ):
        terminal.wait_for(words.replace(" ", r"\s+"), seconds=1)
    terminal.press("y\r")
    assert terminal.exit_status() == 0
    assert f"usermod -aG {outsider.group} root" in (place / "sudo.log").read_text().splitlines()
    outsider.put_config()
    done = outsider.run("start")
    assert done.returncode == 0, done.stderr
    assert ("does not work here" in done.stderr) is not works
    groups, own = (place / "vm.groups").read_text().splitlines()
    assert outsider.group in groups.split()
    assert own == grp.getgrgid(os.getgid()).gr_name
    assert outsider.group in (place / "qemu.groups").read_text().split()


@only_root
def test_who_says_no_is_told_how_slow_it_is_and_what_to_type(outsider):
    terminal = at(outsider, "setup")
    terminal.press("n\r")
    assert terminal.exit_status() == 5
    outsider.put_config()
    done = outsider.run("start")
    assert done.returncode == 0
    assert "about ten times slower" in done.stderr
    assert "sysinit-vm setup" in done.stderr
    assert outsider.group not in (outsider.home.parent / "vm.groups").read_text().split()


WITHOUT_MMDEBSTRAP = """\
import shutil
which = shutil.which
shutil.which = lambda program, **how: None if program == "mmdebstrap" else which(program, **how)
"""


@pytest.fixture
def imageless(world):
    """A world that has neither a guest image nor the program that makes one."""
    shutil.rmtree(world.lima_home / "_images")
    (world.place / "sitecustomize.py").write_text(WITHOUT_MMDEBSTRAP)
    world.env["PYTHONPATH"] = str(world.place)
    return world


def test_a_no_to_what_a_first_vm_cannot_start_without_ends_before_anything_is_written(imageless):
    """Without mmdebstrap no image can be built, and Debian's own cannot mount the project safely."""
    world = imageless
    (world.home / ".ssh").mkdir()
    terminal = at(world, "up")
    terminal.press("n\r")
    terminal.wait_for("Try: sysinit-vm up --yes", seconds=20)
    assert terminal.exit_status() == 5
    assert "9p" not in terminal.text
    assert not (world.demo / ".lima").exists()


def test_a_no_to_what_the_first_vm_of_a_config_cannot_start_without_ends_there_too(imageless):
    world = imageless
    (world.home / ".ssh").mkdir()
    world.put_config()
    terminal = at(world, "up")
    terminal.press("n\r")
    terminal.wait_for("Try: sysinit-vm up --yes", seconds=20)
    assert terminal.exit_status() == 5


def test_a_no_to_what_makes_a_vm_better_goes_on(world):
    terminal = Terminal([*SCRIPT, "up"], world.demo, world.env, rows=60, columns=140)
    terminal.wait_for(r"Do all this\? \(no: go on without zellij\)", seconds=60)
    terminal.press("n\r")
    terminal.wait_for(r"Going on without zellij[\s\S]*config created", seconds=20)
    terminal.close()


def test_a_size_that_this_machine_has_not_is_told_by_init_by_the_plan_and_where_nothing_differs(world):
    notes = [
        r"cpus: 1000 in the config becomes \d+, all that this machine has\.",
        r"memory: 900TiB in the config becomes \d+MiB, all that this machine has\.",
    ]
    done = world.run("init", "minimal", "--cpus", "1000", "--memory", "900TiB")
    assert [note for note in notes if not re.search(note, done.stderr)] == []
    assert world.run("start").returncode == 0
    done = world.run("plan")
    assert "demo-dev matches its config." in done.stderr
    assert [note for note in notes if not re.search(note, done.stderr)] == []


def test_the_plan_of_up_tells_it_before_the_question(lacking):
    lacking.run("init", "minimal", "--cpus", "1000")
    done = lacking.run("up")
    assert done.returncode == 5
    assert re.search(r"After that .*\ncpus: 1000 in the config becomes \d+, all", done.stderr)
