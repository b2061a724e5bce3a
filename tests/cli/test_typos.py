"""A typo in the config costs no running VM: it is found before anything is shown, asked or stopped."""

import pytest

from tests.fakes import captured
from tests.lima.terminal import Terminal
from tests.worlds import SCRIPT

SHRINK = ('disk: "20GiB"', 'disk: "10GiB"')
MOUNT = ("mounts:\n", "mounts:\n- {location: ./sub, mountPoint: /etc}\n")
UNUSED = ("param:\n", "param:\n  UNUSED: '1'\n")


@pytest.fixture
def made(world):
    world.run("init", "minimal")
    assert world.run("start").returncode == 0
    (world.demo / "sub").mkdir()
    return world


def edit(world, *pairs):
    config = world.demo / ".lima" / "config.yaml"
    text = config.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    config.write_text(text)


def refuse(world, name="validate-mount.err"):
    """Let limactl say what the real one says of such a config, in each verb that reads it."""
    for verb in ("validate", "edit", "create"):
        world.let_fail(verb, captured(name))


def left_alone(world, *words, **env):
    """Type a command that ends with 1 and leaves the VM and its config alone; return what it said."""
    lima_yaml = world.lima_home / "demo-dev" / "lima.yaml"
    before, verbs = lima_yaml.read_text(), world.verbs()
    done = world.run(*words, **env)
    assert (done.returncode, done.stdout, world.status()) == (1, "", "Running"), done.stderr
    assert (lima_yaml.read_text(), world.verbs()) == (before, verbs)
    return done.stderr


APPLYING = [["plan"], ["apply", "--yes"], ["start", "--drift", "apply"]]


@pytest.mark.parametrize("words", [*APPLYING, ["restart"]])
def test_an_invalid_size_is_found_by_us_with_its_line(made, words):
    edit(made, ('memory: "4GiB"', "memory: 3 gigs"))
    text = (made.demo / ".lima" / "config.yaml").read_text()
    line = text.splitlines().index("memory: 3 gigs") + 1
    calls = len(made.calls())
    said = left_alone(made, *words)
    assert f"memory: '3 gigs' in line {line} of {made.demo}/.lima/config.yaml" in said
    assert "8GiB" in said
    assert "Try: nano" in said
    assert len(made.calls()) == calls


@pytest.mark.parametrize("words", APPLYING)
def test_what_only_limactl_finds_is_found_before_anything_is_stopped(made, words):
    edit(made, MOUNT)
    refuse(made)
    said = left_alone(made, *words)
    assert "must not be a system path" in said
    assert "mounts[0] is" in said
    assert '"mountPoint": "/etc"' in said
    assert "Nothing was changed" in said
    assert f"Try: nano {made.demo}/.lima/config.yaml" in said
    assert "validate" not in said
    assert str(made.lima_home / "_sysinit-vm") not in said


def test_a_restart_asks_first_and_stops_nothing_for_what_limactl_refuses(made):
    edit(made, UNUSED)
    refuse(made, "validate-param.err")
    verbs = made.verbs()
    terminal = Terminal([*SCRIPT, "restart"], made.demo, made.env, columns=140)
    terminal.wait_for(r"Apply the changes now\?.*y/N")
    terminal.press("y\r")
    assert terminal.exit_status() == 1
    assert "`UNUSED` is not used in any" in terminal.text
    assert (made.status(), made.verbs()) == ("Running", verbs)


def test_a_restart_that_applies_stops_once(made):
    edit(made, ("env:\n", "env:\n  FAKE_GUEST: x\n"))
    made.env["FAKE_GUEST"] = "x"  # the fake's guest is this machine
    before = len(made.verbs())
    terminal = Terminal([*SCRIPT, "restart"], made.demo, made.env, columns=140)
    terminal.wait_for(r"Apply the changes now\?.*y/N")
    terminal.press("y\r")
    terminal.exit_status()
    assert made.verbs()[before:] == ["stop", "edit", "start"]


def test_a_vm_is_not_deleted_for_a_config_that_limactl_would_not_make_one_from(made):
    edit(made, SHRINK, MOUNT)
    refuse(made)
    left_alone(made, "apply", "--recreate", "--yes")


def test_a_first_start_is_refused_by_create_and_leaves_nothing(world):
    world.run("init", "minimal")
    (world.demo / "sub").mkdir()
    edit(world, MOUNT)
    refuse(world)
    done = world.run("start")
    assert done.returncode == 1
    assert "must not be a system path" in done.stderr
    assert "Try: nano" in done.stderr
    assert (world.status(), world.verbs()) == ("not created", ["create"])


TWO_LINES = "An entry of it has two lines:\n- guestPort: 3000\n  hostPort: 3000\n"
KEYS = [
    ("cpus: 2", "cpu: 2", "cpu", "Did you mean cpus?"),
    ("cpus: 2", "CPUs:", "CPUs", "Did you mean cpus?"),
    ("cpus: 2", "cpus: 2\nmount: [~/x]", "mount", "Did you mean mounts?"),
    ("cpus: 2", "cpus: 2\nram: 8GiB", "ram", "Did you mean memory?"),
    ("cpus: 2", "cpus: 2\nports: [3000]", "ports", f"Did you mean portForwards? {TWO_LINES}"),
    ("cpus: 2", "cpus: 2\nhostport: 3000", "hostport", f"Did you mean portForwards? {TWO_LINES}"),
    (
        "cpus: 2",
        "cpus: 2\nportForwards:\n- guestPort: 3000\n  hostport: 81",
        "portForwards[0].hostport",
        "Did you mean hostPort?",
    ),
]


@pytest.mark.parametrize(("old", "new", "key", "says"), KEYS)
def test_a_typo_of_a_key_leads_to_the_editor_first_and_to_an_approval_second(world, old, new, key, says):
    world.run("init", "minimal")
    edit(world, (old, new))
    path = world.demo / ".lima" / "config.yaml"
    text = path.read_text()
    line = text[: text.index(new)].count("\n") + new.count("\n") + 1
    done = world.run("start")
    assert (done.returncode, done.stdout, world.verbs()) == (5, "", [])
    assert f"{key} in line {line} of {path} is not a key that sysinit-vm knows.\n{says}" in done.stderr
    assert "If it is a key of a newer Lima: sysinit-vm trust --approve " in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Try: ")
    assert done.stderr.splitlines()[-1].endswith(f" {path}")


def test_an_unknown_key_that_is_like_none_is_still_a_question_of_trust(world):
    world.run("init", "minimal")
    edit(world, ("cpus: 2", "cpus: 2\nnotLimas: {a: 1}"))
    assert "\nTry: sysinit-vm trust --approve " in world.run("plan").stderr


def test_a_typo_on_a_terminal_is_named_before_the_question_and_no_leads_to_the_editor(world):
    world.run("init", "minimal")
    edit(world, ("cpus: 2", "cpu: 2"))
    terminal = Terminal([*SCRIPT, "plan"], world.demo, world.env, columns=140)
    terminal.wait_for(r"Did you mean cpus\?[\s\S]*Allow this\?.*y/N")
    terminal.press("\r")
    assert terminal.exit_status() == 5
    assert f"{world.demo}/.lima/config.yaml" in terminal.text[terminal.text.rindex("Try: ") :]
    assert "--approve" not in terminal.text[terminal.text.rindex("Try: ") :]
