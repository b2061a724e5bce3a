"""The doctor on a real terminal: what it offers to fix, and in which colours it says what is wrong."""

import pexpect
import pytest

from tests.worlds import SCRIPT


@pytest.fixture
def stale(world):
    """A stopped VM with the file of a process that is gone."""
    world.put_vm(status="Stopped")
    path = world.lima_home / "demo-dev" / "ha.pid"
    path.write_text("999999999")
    return path


def begin(world, *words, **env):
    program, *rest = [*SCRIPT, *words]
    environment = {**world.env, **env}
    return pexpect.spawn(
        program, rest, cwd=str(world.demo), env=environment, timeout=30, encoding="utf-8", dimensions=(60, 160)
    )


@pytest.mark.parametrize(("answer", "there"), [("y\r", False), ("n\r", True), ("\r", True)])
def test_a_fix_is_offered_on_a_terminal_and_made_only_for_a_yes(world, stale, answer, there):
    child = begin(world, "doctor")
    child.expect_exact("Wrong: ")
    child.expect_exact("stale pids: ha.pid. Fix it? [y/N]")
    child.send(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert stale.exists() is there
    assert ("Fixing: stale pids" in child.before) is not there
    assert child.exitstatus == 1 or not there


@pytest.mark.parametrize("words", [["--json"], ["--dry", "--fix"]])
def test_nobody_is_asked_where_the_flags_answer(world, stale, words):
    dry = [word for word in words if word == "--dry"]
    child = begin(world, *dry, "doctor", *[word for word in words if word != "--dry"])
    child.expect(pexpect.EOF)
    child.close()
    assert "Fix it?" not in child.before
    assert stale.exists()


def test_without_a_terminal_nothing_is_asked_or_fixed(world, stale):
    done = world.run("doctor")
    assert done.returncode == 1
    assert stale.exists()
    assert "Fix it?" not in done.stderr
    assert "doctor --fix" in done.stderr


def test_what_is_wrong_is_red_where_colours_are_wanted(world, stale):
    child = begin(world, "doctor", NO_COLOR="", TERM="xterm-256color")
    child.expect_exact("\x1b[1;31mWRONG")
    child.close(force=True)


def test_what_is_wrong_comes_first_and_last_and_all_lists_the_rest(world, stale):
    brief, everything = world.run("doctor"), world.run("doctor", "--all")
    wrong = brief.stdout.splitlines()[1]
    assert "WRONG" in wrong
    assert " ok " not in brief.stdout
    assert everything.stdout.splitlines()[1].split() == wrong.split()
    assert " ok " in everything.stdout
    assert "stale pids: ha.pid" in "\n".join(brief.stderr.splitlines()[-2 * brief.stdout.count("WRONG") :])


def test_a_machine_without_an_image_is_told_what_the_first_start_does(world):
    assert "guest image" not in world.run("doctor").stdout
    for path in (world.lima_home / "_images").iterdir():
        path.unlink()
    row = next(line for line in world.run("doctor").stdout.splitlines() if "guest image" in line)
    assert "NOTE" in row
    assert "the first start builds it" in row
    assert row.endswith("sysinit-vm build.debian")
