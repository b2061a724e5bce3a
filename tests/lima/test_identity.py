"""One VM through a project's life: a git worktree, a crash, a move, an adoption, a deletion, and prune.

The tests go on from one another.
"""

import contextlib
import json
import shutil
import subprocess
import time

import psutil
import pytest

from tests.lima.conftest import inside

GIT = ("git", "-c", "user.name=me", "-c", "user.email=me@a.example")


def git(cwd, *words):
    return subprocess.run([*GIT, *words], cwd=cwd, check=True, capture_output=True, text=True).stdout


def listed(world):
    found = json.loads(world.ok(world.place, "list", "--json"))["vms"]
    return next(each for each in found if each["name"] == "tree-dev")


def commit_inside(world, project, said):
    """What git needs the common directory for, in the guest."""
    name = f"{said}.txt"
    (project / name).write_text(said)
    assert name in inside(world, project, "git status --porcelain")
    inside(world, project, f"git add {name} && git -c user.name=g -c user.email=g@a.example commit -qm {said}")
    assert said in inside(world, project, "git log --oneline")
    assert said in git(project, "log", "--oneline")
    assert name not in git(project, "status", "--porcelain")


@pytest.fixture(scope="module")
def repository(world):
    repository = world.project("my repo")  # a path that Lima's mount table cannot carry
    git(repository, "init", "-q")
    git(repository, "commit", "-q", "--allow-empty", "-m", "first")
    return repository


@pytest.fixture(scope="module")
def tree(world, repository):
    tree = repository.parent / "tree"
    git(repository, "worktree", "add", "-q", str(tree))
    world.ok(tree, "init", "minimal")
    world.ok(tree, "start", timeout=1800)
    yield tree
    world.run(world.place, "destroy", "--yes", "--name", "tree-dev")


@pytest.fixture(scope="module")
def moved(repository):
    return repository.parent / "moved"


def test_git_works_in_a_worktrees_guest(world, tree, repository):
    commit_inside(world, tree, "one")
    assert "one" in git(repository, "log", "--oneline", "tree")
    inside(world, tree, "echo kept > ~/marker; sync")  # the crash that comes is as hard as a power cut


def test_the_list_says_what_it_takes(world, tree):
    one = listed(world)
    assert (one["status"], one["project"], one["project_exists"]) == ("Running", str(tree), True)
    assert one["memory_resident"] > 50 * 2**20
    assert 2**20 < one["disk_used"] < one["disk"]
    assert 0 < one["age"] < 3600
    table = world.ok(world.place, "list")
    assert "tree-dev" in table
    screen = world.terminal(world.place, "list", columns=80)
    screen.wait_for("tree-dev")
    assert screen.exit_status() == 0


def ended(process):
    """Wait for its end; where nobody reaps it, as in a container without an init, it stays a zombie."""
    deadline = time.monotonic() + 30
    with contextlib.suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_it_is_right_after_each_half_of_a_crash(world, tree):
    instance = world.lima_home / "tree-dev"
    agent, driver = (psutil.Process(int((instance / f"{name}.pid").read_text())) for name in ("ha", "qemu"))
    agent.kill()
    ended(agent)
    assert listed(world)["status"] == "Broken"
    assert driver.is_running()
    driver.kill()
    ended(driver)
    time.sleep(1)
    one = listed(world)
    assert one["status"] in {"Broken", "Stopped"}
    assert one["memory_resident"] is None


def test_a_moved_worktree_is_recognised_and_never_started_as_something_else(world, tree, repository, moved):
    git(repository, "worktree", "move", "--force", str(tree), str(moved))
    assert listed(world)["project_exists"] is False
    allow = json.loads(world.ok(moved, "trust", "--json"))["hash"]
    world.ok(moved, "trust", "--approve", allow)  # what a config may do is allowed for a directory
    done = world.run(moved, "start")
    assert done.returncode == 4
    assert f"{tree}, which is gone" in done.stderr
    assert [path.parent.name for path in world.lima_home.glob("*/lima.yaml")].count("tree-dev") == 1
    assert not (world.lima_home / "moved-dev").exists()


def test_adoption_keeps_the_disk_and_the_next_start_proves_the_mount(world, moved):
    world.ok(moved, "adopt", "--yes")
    world.ok(moved, "start", timeout=1800)
    assert inside(world, moved, "cat ~/marker; pwd") == f"kept\n{moved}\n"
    assert listed(world)["project"] == str(moved)
    commit_inside(world, moved, "two")


def test_a_deleted_project_leaves_a_vm_that_prune_takes_only_when_it_may(world, repository, moved):
    git(repository, "worktree", "remove", "--force", str(moved))
    shutil.rmtree(moved, ignore_errors=True)
    assert listed(world)["project_exists"] is False
    shown = json.loads(world.ok(world.place, "prune", "--json"))["litter"]
    assert ("tree-dev", True) in [(each["name"], each["running"]) for each in shown]
    assert "is running, so it stays" in world.run(world.place, "prune", "--yes").stderr
    assert listed(world)["status"] == "Running"
    world.ok(world.place, "prune", "--yes", "--running")
    assert not (world.lima_home / "tree-dev").exists()
    assert "tree-dev" not in world.ok(world.place, "list")
