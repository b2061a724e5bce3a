"""A changed config: told, planned, applied, or left, through real command lines."""

import json

import pytest

from tests.lima.terminal import Terminal
from tests.worlds import SCRIPT


@pytest.fixture
def made(world):
    world.run("init", "minimal")
    assert world.run("start").returncode == 0
    return world


def edit(world, old, new):
    config = world.demo / ".lima" / "config.yaml"
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new))


def given(world):
    return json.loads((world.lima_home / "demo-dev" / "lima.yaml").read_text())


def test_a_fresh_vm_is_what_its_config_says(made):
    done = made.run("plan")
    assert (done.returncode, done.stdout) == (0, "")
    assert "matches its config" in done.stderr
    assert json.loads(made.run("status", "--json").stdout)["vm"]["drift"] == "none"
    assert made.run("apply").returncode == 0


@pytest.mark.parametrize("words", [["restart"], ["shell", "--plain"], ["up"]])
def test_a_change_is_told_by_whatever_starts_the_vm(made, words):
    edit(made, "env:\n", "env:\n  MORE: x\n")
    made.run("stop")
    assert "sysinit-vm plan" in made.run(*words).stderr


def test_a_change_is_told_by_status_and_start_and_listed_by_plan(made):
    edit(made, "env:\n", "env:\n  MORE: x\n")
    assert "sysinit-vm plan" in made.run("status").stderr
    assert json.loads(made.run("status", "--json").stdout)["vm"]["drift"] == "restart"
    assert "sysinit-vm plan" in made.run("start").stderr
    table = made.run("plan").stdout
    assert "env.MORE" in table
    assert "restart" in table
    told = json.loads(made.run("plan", "--json").stdout)
    assert told["changes"] == [{"what": "env.MORE", "now": "-", "wished": "x", "needs": "restart"}]
    assert "env" not in given(made) or "MORE" not in given(made)["env"]


def test_a_stopped_vm_takes_it_up_at_its_next_start(made):
    made.run("stop")
    edit(made, "env:\n", "env:\n  MORE: x\n")
    assert made.run("apply").returncode == 5
    assert made.run("apply", "--yes").returncode == 0
    assert given(made)["env"]["MORE"] == "x"
    assert made.status() == "Stopped"
    assert "matches its config" in made.run("plan").stderr


def test_what_takes_recreation_is_left_unless_it_is_said(made):
    edit(made, 'disk: "20GiB"', 'disk: "10GiB"')
    made.run("stop")
    done = made.run("apply", "--yes")
    assert "--recreate" in done.stderr
    assert given(made)["disk"] == "20GiB"
    refused = made.run("apply", "--recreate")
    assert refused.returncode == 5
    assert "--yes --recreate" in refused.stderr
    assert made.run("apply", "--recreate", "--yes").returncode == 0
    assert given(made)["disk"] == "10GiB"


def test_what_only_a_new_vm_can_take_stops_nothing_and_asks_nothing(made):
    edit(made, 'disk: "20GiB"', 'disk: "10GiB"')
    before = made.verbs()
    for words in (["apply"], ["apply", "--yes"]):
        done = made.run(*words)
        assert (done.returncode, made.verbs()) == (0, before)
        assert "sysinit-vm apply --recreate" in done.stderr
        assert "Applied" not in done.stderr
        assert "disk" in done.stdout
    assert made.run("start", "--drift", "apply").returncode == 0
    assert made.verbs() == before


def test_apply_lists_what_it_changes_before_it_asks(made):
    edit(made, 'disk: "20GiB"', 'disk: "10GiB"')
    edit(made, "env:\n", "env:\n  MORE: x\n")
    planned = made.run("plan")
    refused = made.run("apply")
    assert (refused.returncode, refused.stdout) == (5, planned.stdout)
    assert "env.MORE" in refused.stdout
    assert "restarts the VM" in planned.stderr
    assert "apply --recreate" in planned.stderr


@pytest.mark.parametrize(("key", "taken"), [("y", True), ("n", False)])
def test_start_offers_it_on_a_terminal(made, key, taken):
    made.run("stop")
    edit(made, "env:\n", "env:\n  FAKE_GUEST: x\n")
    made.env["FAKE_GUEST"] = "x"  # the fake's guest is this machine
    terminal = Terminal([*SCRIPT, "start"], made.demo, made.env, columns=140)
    terminal.wait_for(r"Apply the changes now\?.*y/N")
    terminal.press(f"{key}\r")
    terminal.exit_status()
    assert ("FAKE_GUEST" in given(made)["env"]) is taken


@pytest.mark.parametrize(("answer", "code"), [("nonsense", 2), ("keep", 0)])
def test_a_flag_answers_it(made, answer, code):
    edit(made, "env:\n", "env:\n  MORE: x\n")
    assert made.run("start", "--drift", answer).returncode == code
    assert "MORE" not in given(made)["env"]


def test_without_a_vm_there_is_nothing_to_plan(world):
    world.run("init", "minimal")
    for verb in ("plan", "apply"):
        done = world.run(verb)
        assert done.returncode == 4
        assert "sysinit-vm start" in done.stderr


def test_an_untrusted_change_is_neither_planned_nor_applied(made):
    edit(made, "ssh:\n", "ssh:\n  forwardAgent: true\n")
    for verb in (["plan"], ["apply", "--yes"]):
        assert made.run(*verb).returncode == 5
