"""How many limactl processes a command starts, with one other VM on the machine."""

import json

import pytest

# More than these was seen once (first start 13, start 9, restart 13, no-op start 6, stop 4): each list is 30 ms.
MOST = {"first start": 7, "start": 5, "restart": 8, "no-op start": 3, "stop": 3, "status": 1, "list": 1}


@pytest.fixture
def typed(world):
    """Type one command that succeeds, and return what it asked limactl for."""
    world.put_vm(root=world.project("other"))
    other = world.lima_home / "other-dev" / "lima.yaml"
    other.write_text(json.dumps({**json.loads(other.read_text()), "portForwards": []}))  # demo declares the same ports
    world.run("list")  # limactl's version is asked once for each limactl

    def run(*words):
        before = len(world.calls())
        done = world.run(*words)
        assert done.returncode == 0, done.stderr
        return [next(word for word in call if not word.startswith("-")) for call in world.calls()[before:]]

    return run


def test_a_first_start(world, typed):
    world.put_config()
    verbs = typed("start")
    assert verbs.count("start") == 1
    assert len(verbs) <= MOST["first start"]
    assert checks(verbs) == 0  # create checks before it makes anything


@pytest.mark.parametrize(
    ("status", "words", "row"),
    [
        ("Stopped", ["start"], "start"),
        ("Running", ["start"], "no-op start"),
        ("Running", ["restart"], "restart"),
        ("Running", ["stop"], "stop"),
        ("Running", ["status"], "status"),
        ("Stopped", ["status"], "status"),
        ("Running", ["list"], "list"),
    ],
)
def test_a_vm_that_is_there(world, typed, status, words, row):
    world.put_vm(status)
    assert len(typed(*words)) <= MOST[row]


def test_the_status_of_a_project_without_a_vm(world, typed):
    world.put_config()
    assert len(typed("status")) <= MOST["status"]


def checks(verbs):
    return verbs.count("validate")


def change(world):
    config = world.demo / ".lima" / "config.yaml"
    config.write_text(config.read_text().replace("env:\n", "env:\n  HOME: x\n", 1))


@pytest.mark.parametrize(
    ("status", "words", "most"),
    [
        ("Running", ["plan"], 2),
        ("Stopped", ["apply", "--yes"], 7),
        ("Stopped", ["start", "--drift", "keep"], MOST["start"]),
        ("Running", ["restart"], MOST["restart"]),
    ],
)
def test_a_changed_config_is_checked_once_if_it_is_shown_or_applied(world, typed, status, words, most):
    world.put_vm(status)
    change(world)
    verbs = typed(*words)
    assert checks(verbs) == (words[0] in {"plan", "apply"})
    assert len(verbs) <= most


@pytest.mark.parametrize("words", [["plan"], ["apply", "--yes"], ["start"], ["restart"], ["status"]])
def test_what_a_vm_already_has_is_not_checked(world, typed, words):
    world.put_vm("Running")
    assert checks(typed(*words)) == 0
