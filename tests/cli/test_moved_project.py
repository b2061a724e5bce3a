"""A project in a new place: what was allowed for the old one is told, and asked once more for the new one."""

import json

import pytest

from sysinit_vm import guest_writes

READS = "lets the guest read"


@pytest.fixture
def moved(world):
    """A project with the user's keys in its VM, renamed while that was stopped."""
    (world.home / ".ssh").mkdir()
    (world.home / ".ssh" / "id_x").write_text("key")
    world.put_vm("Stopped")
    guest_writes.record(world.lima_home / "demo-dev", [world.demo])
    return world.demo.rename(world.home / "shop")


def without_links(world):
    return json.loads(world.run("trust", "--json", cwd=world.home / "shop").stdout)


@pytest.mark.parametrize("words", [["up", "--yes"], ["adopt", "--yes"], ["start"]])
def test_the_question_says_first_that_the_project_moved_and_what_was_allowed(world, moved, words):
    done = world.run(*words, cwd=moved)
    assert done.returncode == 5
    first, *rest = done.stderr.splitlines()
    assert first == f"{world.demo}, the project of the VM demo-dev, is gone. If it is {moved} now: sysinit-vm adopt"
    assert any(READS in line for line in rest)
    assert f"You allowed all of this for {world.demo}." in rest
    assert world.verbs() == []


def test_what_is_new_in_the_new_place_is_marked(world, moved):
    config = moved / ".lima" / "config.yaml"
    config.write_text(config.read_text().replace("\nmounts:\n", '\nmounts:\n- location: "~/other"\n', 1))
    (world.home / "other").mkdir()
    done = world.run("up", "--yes", cwd=moved)
    assert done.returncode == 5
    assert [line.split()[0] for line in done.stderr.splitlines() if "/other" in line] == ["+"]
    assert f"You allowed this for {world.demo}, but for 1 new (+)." in done.stderr.splitlines()


def test_the_old_approval_allows_nothing_in_the_new_place(world, moved):
    """Whoever wrote a config may name any directory that is gone."""
    assert not without_links(world)["allowed"]
    world.run("up", "--yes", cwd=moved)
    assert not without_links(world)["allowed"]


def test_nothing_is_said_of_a_directory_that_is_there_or_was_never_allowed(world, moved):
    world.demo.mkdir()
    assert "You allowed" not in world.run("up", "--yes", cwd=moved).stderr
    world.demo.rmdir()
    assert "You allowed" in world.run("up", "--yes", cwd=moved).stderr
    config = moved / ".lima" / "config.yaml"
    config.write_text(config.read_text().replace(str(world.demo), str(world.home / "never")))
    done = world.run("up", "--yes", cwd=moved)
    assert (done.returncode, "You allowed" in done.stderr, "never" in done.stderr) == (5, False, False)


def test_the_vm_is_taken_over_after_one_approval(world, moved):
    approval = world.run("adopt", "--yes", cwd=moved).stderr.split("trust --approve ")[-1].split()[0]
    assert world.run("trust", "--approve", approval, cwd=moved).returncode == 0
    assert world.run("adopt", "--yes", cwd=moved).returncode == 0
    assert world.run("start", cwd=moved).returncode == 0
    assert world.status() == "Running"
