"""Never the wrong VM, whatever the environment says."""

import shlex
import sys
from pathlib import Path

BIN = Path(sys.executable).parent


def test_an_exported_vm_name_does_not_open_another_projects_vm(world):
    world.put_vm()
    other = world.project("two", config="cpus: 1\n")
    for verb in (["start"], ["stop"], ["destroy", "--yes"], ["exec", "true"]):
        done = world.run(*verb, cwd=other, VM_NAME="demo-dev")
        assert done.returncode == 4
        assert str(world.demo) in done.stderr
    assert "Running" in world.run("status").stdout


def test_up_says_what_is_wrong_with_its_words_before_it_does_anything(world):
    bare = world.project("bare")
    for words in (["--template", "nope"], ["--timeout", "soon"], ["--name", "a b"]):
        done = world.run("up", *words, cwd=bare)
        assert done.returncode == 2
        assert "Missing" not in done.stderr
    assert list(bare.iterdir()) == []


def test_dry_changes_nothing_and_claims_nothing(world):
    world.put_config()
    before = sorted(path.name for path in (world.demo / ".lima").iterdir())
    done = world.run("--dry", "start")
    assert done.returncode == 0
    assert " start " in done.stderr
    assert "VM started" not in done.stderr
    assert sorted(path.name for path in (world.demo / ".lima").iterdir()) == before
    assert "not created" in world.run("status").stdout


def test_a_reader_that_goes_away_is_no_traceback(world):
    tool = shlex.quote(str(BIN / "sysinit-vm"))
    script = f"{tool} --list | head -1; {tool} start --help | head -1"
    done = world.type("sh", "-c", script)
    assert done.returncode == 0
    assert done.stderr == ""
