"""Directories with any name: written exactly, or refused with nothing written."""

import shlex

import pytest
import yaml

GOOD = ["a b", "q\"u'o", "$HOME", "`id`", "#x", "a: b", "[x]", "ünï", "-r", "*", "a;b&c|d"]
BAD = ["a\nb", "a\tb", "a,b", "x{{y", "trail "]


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_the_mount_cannot_carry_is_refused_and_nothing_is_written(world, name):
    root = world.project(name)
    done = world.run("init", cwd=root)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be a project directory" in done.stderr
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("name", GOOD)
def test_a_project_of_any_other_name_can_be_worked_in(world, name):
    root = world.project(name)
    done = world.run("--chain", "init", "start", "status", cwd=root)
    assert done.returncode == 0, done.stderr
    assert str(root) in done.stdout
    assert yaml.safe_load((root / ".lima/config.yaml").read_text())["param"]["PROJECT_DIR"] == str(root)
    assert world.run("exec", "pwd", cwd=root).stdout == f"{root}\n"


@pytest.mark.parametrize("name", GOOD)
def test_the_command_that_mends_its_config_can_be_pasted(world, name):
    root = world.project(name, config="images: [\n")
    done = world.run("status", cwd=root)
    assert done.returncode == 1
    mend = done.stderr.splitlines()[-1].removeprefix("Try: ").removesuffix(", or sysinit-vm init for a new one")
    assert shlex.split(mend) == ["nano", str(root / ".lima/config.yaml")]


def test_a_name_that_is_said_is_kept_for_good(world):
    assert world.run("init", "--name", "mine").returncode == 0
    assert world.run("--chain", "start", "status").stdout.splitlines()[1].split()[:2] == ["mine", "Running"]
    assert world.status("mine") == "Running"


def test_a_vm_is_found_by_its_name_from_anywhere(world):
    world.put_vm()
    done = world.run("exec", "--name", "demo-dev", "pwd", cwd=world.home)
    assert done.stdout == f"{world.demo}\n"
    assert world.run("stop", "--name", "demo-dev", cwd=world.home).returncode == 0
    assert world.status() == "Stopped"
    assert world.run("start", "--name", "demo", cwd=world.home).returncode == 3


def test_a_namesake_is_warned_of_at_init(world):
    world.put_vm()
    other = world.project("elsewhere/demo")
    done = world.run("init", cwd=other)
    assert done.returncode == 0
    assert str(world.demo) in done.stderr
    assert "needs another name" in done.stderr


def test_the_next_step_of_an_init_that_warns_of_a_namesake_can_be_typed(world):
    world.put_vm()
    other = world.project("elsewhere/demo")
    steps = [line for line in world.run("init", cwd=other).stderr.splitlines() if "sysinit-vm" in line]
    start, shell = (shlex.split(line.partition("sysinit-vm ")[2]) for line in steps[-2:])
    assert (start[0], shell[0]) == ("start", "shell")
    done = world.run(*start, cwd=other)
    assert done.returncode == 0, done.stderr
    assert str(other) in world.run("status", cwd=other).stdout


@pytest.fixture
def exposed(world):
    """A VM, and a config above the home: whoever stands in a directory without one would mount all of it."""
    world.put_vm()
    (world.place / ".lima").mkdir()
    (world.place / ".lima/config.yaml").write_text("cpus: 1\n")
    return world


@pytest.mark.parametrize(
    "words",
    [
        ["start"],
        ["stop"],
        ["restart"],
        ["destroy", "--yes"],
        ["status"],
        ["logs"],
        ["shell"],
        ["exec", "true"],
        ["copy", "a", ":b"],
        ["open"],
        ["ports"],
        ["plan"],
        ["apply", "--yes"],
        ["adopt", "--yes"],
        ["sync"],
        ["rebuild"],
        ["up", "--yes"],
        ["trust", "--show"],
        ["start", "--name", "new"],
        ["adopt", "--yes", "--name", "demo-dev"],
    ],
    ids=" ".join,
)
def test_every_command_refuses_a_project_that_would_show_the_guest_everything(exposed, words):
    done = exposed.run(*words, cwd=exposed.home)
    assert done.returncode == 2, done.stderr
    assert f"Your home directory, {exposed.home}, is in it" in done.stderr
    assert f"Try: rm {exposed.place}/.lima/config.yaml" in done.stderr
    assert exposed.verbs() == []
    assert exposed.run(*words, cwd=exposed.home, VM_NAME="demo-dev").returncode == 2


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["logs"],
        ["exec", "true"],
        ["doctor"],
        ["stop"],
        ["start"],
        ["destroy", "--yes"],
    ],
    ids=" ".join,
)
def test_a_vm_of_a_name_is_reached_from_there(exposed, words):
    verb, *rest = words
    done = exposed.run(verb, "--name", "demo-dev", *rest, cwd=exposed.home)
    assert done.returncode == (1 if verb == "doctor" else 0), done.stderr


@pytest.mark.parametrize("words", [["list"], ["prune"], ["help"], ["--dry", "setup"], ["init", "--list"]], ids=" ".join)
def test_what_needs_no_project_works_there(exposed, words):
    done = exposed.run(*words, cwd=exposed.home)
    assert done.returncode == 0, done.stderr
    assert "cannot be a project" not in done.stderr


def test_doctor_tells_of_it_and_goes_on(exposed):
    done = exposed.run("doctor", cwd=exposed.home)
    assert done.returncode == 1
    assert "Your home directory" in done.stdout
    assert "VM" in done.stdout


def test_a_project_of_its_own_below_it_is_as_good_as_ever(exposed):
    assert exposed.run("status").returncode == 0
    new = exposed.project("new")
    assert exposed.run("init", cwd=new).returncode == 0
    assert exposed.run("status", cwd=new).returncode == 0
