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
    done = world.run("init", "start", "status", cwd=root)
    assert done.returncode == 0, done.stderr
    assert str(root) in done.stdout
    assert yaml.safe_load((root / ".lima/config.yaml").read_text())["param"]["PROJECT_DIR"] == str(root)
    assert world.run("exec", "pwd", cwd=root).stdout == f"{root}\n"


@pytest.mark.parametrize("name", GOOD)
def test_the_command_that_mends_its_config_can_be_pasted(world, name):
    root = world.project(name, config="images: [\n")
    done = world.run("status", cwd=root)
    assert done.returncode == 1
    mend = done.stderr.splitlines()[-1].removeprefix("Try: ").removesuffix(", or 'sysinit-vm init' for a new one")
    assert shlex.split(mend) == ["$EDITOR", str(root / ".lima/config.yaml")]


def test_a_name_that_is_said_is_kept_for_good(world):
    assert world.run("init", "--name", "mine").returncode == 0
    assert world.run("start", "status").stdout.splitlines()[1].split()[:2] == ["mine", "Running"]
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
    assert "sysinit-vm init --name" in done.stderr
