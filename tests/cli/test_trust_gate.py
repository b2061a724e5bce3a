"""No hostile config reaches limactl, whatever is typed; what is allowed is allowed by its hash, and can be taken back."""

import json

import pytest

from tests.hostile import CORPUS, proxies, surround
from tests.lima.terminal import Terminal
from tests.worlds import SCRIPT

AGENT = "ssh: {forwardAgent: true}\n"


def commit(world, text):
    config = world.demo / ".lima" / "config.yaml"
    config.parent.mkdir(exist_ok=True)
    config.write_text(text)


def state(world):
    """Every file of the user's: projects, VMs, approvals."""
    return {path: path.read_bytes() for path in sorted(world.home.rglob("*")) if path.is_file()}


def hash_of(output):
    return output.split("trust --approve ")[-1].split()[0]


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_each_hostile_config_is_stopped_before_any_call_of_limactl(world, path):
    surround(world.demo, world.home)
    commit(world, path.read_bytes().decode())
    before = state(world)
    refused = path.read_bytes().decode().startswith("# REFUSED")
    for words in (["start"], ["up", "--yes"]):
        done = world.run(*words, **proxies(path))
        assert done.returncode == (1 if refused else 5)
        assert "hunter2" not in done.stdout + done.stderr
        assert "Try: " in done.stderr
        assert "\x1b" not in done.stderr
    assert world.calls() == []
    assert state(world) == before


def test_what_was_shown_is_allowed_by_its_hash_and_the_vm_starts(world):
    commit(world, AGENT)
    refused = world.run("start")
    assert "LENDS" in refused.stderr
    assert world.run("trust", "--approve", hash_of(refused.stderr)).returncode == 0
    assert world.run("start").returncode == 0
    assert world.status() == "Running"


def another_text(path, _elsewhere):
    path.write_text("- hosts: localhost\n")


def a_link(path, elsewhere):
    path.unlink()
    path.symlink_to(elsewhere)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("provision: [{{mode: ansible, playbook: {0}}}]", another_text),
        ("provision: [{{mode: ansible, playbook: {0}}}]", a_link),
        ("networks: [{{socket: {0}}}]", a_link),
    ],
)
def test_a_vm_is_not_started_again_with_another_file_than_was_allowed(world, text, change):
    outside, elsewhere = (world.home / name / "x" for name in ("outside", "elsewhere"))
    for path in (outside, elsewhere):
        path.parent.mkdir()
        path.write_text("- hosts: all\n")
    commit(world, text.format(outside) + "\n")
    refused = world.run("start")
    assert refused.returncode == 5
    assert world.run("trust", "--approve", hash_of(refused.stderr)).returncode == 0
    assert world.run("start").returncode == 0
    assert world.run("stop").returncode == 0
    change(outside, elsewhere)
    done = world.run("start")
    assert (done.returncode, world.status()) == (5, "Stopped")
    assert str(elsewhere if change is a_link else outside) in done.stderr


def test_a_change_shows_the_difference_and_asks_again_and_the_vm_stays_as_it_was(world):
    world.put_vm()
    commit(world, AGENT + (world.demo / ".lima/config.yaml").read_text().replace("ssh:\n", "x-ssh:\n"))
    done = world.run("restart")
    assert done.returncode == 5
    assert " + LENDS" in done.stderr
    assert world.verbs() == []
    assert world.status() == "Running"


def test_what_looks_or_ends_needs_no_approval(world):
    world.put_vm()
    commit(world, AGENT)
    for words in (["status"], ["list"], ["exec", "true"], ["logs"], ["stop"], ["destroy", "--yes"]):
        assert world.run(*words).returncode == 0


def test_a_shell_that_would_start_the_vm_asks_too(world):
    world.put_vm(status="Stopped")
    commit(world, AGENT)
    done = world.run("shell", "--plain")
    assert done.returncode == 5
    assert world.verbs() == []


def test_show_json_and_revoke(world):
    commit(world, AGENT)
    shown = world.run("trust", "--show")
    assert "lends your SSH agent" in shown.stderr
    assert world.run("trust", "--approve", hash_of(shown.stderr)).returncode == 0
    told = json.loads(world.run("trust", "--json").stdout)
    assert (told["version"], told["allowed"], told["hash"]) == (1, True, hash_of(shown.stderr))
    assert told["dangers"][0]["level"] == "LENDS"
    assert world.run("trust", "--revoke").returncode == 0
    assert json.loads(world.run("trust", "--json").stdout)["allowed"] is False
    assert world.run("start").returncode == 5


def test_a_wrong_hash_allows_nothing(world):
    commit(world, AGENT)
    done = world.run("trust", "--approve", "0" * 16)
    assert done.returncode == 2
    assert "sysinit-vm trust --show" in done.stderr
    assert world.run("start").returncode == 5


def test_trust_works_on_a_machine_without_limactl(world):
    commit(world, AGENT)
    world.limactl.unlink()
    shown = world.run("trust", SYSINIT_VM_LIMACTL="")
    assert world.run("trust", "--approve", hash_of(shown.stderr), SYSINIT_VM_LIMACTL="").returncode == 0


def test_a_config_that_is_a_link_is_refused(world):
    commit(world, "cpus: 1\n")
    assert world.run("start").returncode == 0
    elsewhere = world.home / "elsewhere.yaml"
    elsewhere.write_text(AGENT)
    config = world.demo / ".lima" / "config.yaml"
    config.unlink()
    config.symlink_to(elsewhere)
    done = world.run("restart")
    assert done.returncode == 1
    assert "It is a link" in done.stderr
    assert world.status() == "Running"
    assert f"Try: rm {config}" in done.stderr


@pytest.mark.parametrize(("key", "status"), [("n", 5), ("y", 0)])
def test_on_a_terminal_it_is_shown_and_asked_and_no_is_the_default(world, key, status):
    commit(world, AGENT)
    terminal = Terminal([*SCRIPT, "start"], world.demo, world.env, columns=140)
    terminal.wait_for("lends your SSH agent to the guest")
    terminal.wait_for(r"Allow this\?.*y/N")
    terminal.press(f"{key}\r")
    assert terminal.exit_status() == status
    assert world.status() == ("Running" if key == "y" else "not created")


def test_init_is_trusted_at_once(world):
    (world.home / ".ssh").mkdir()
    assert world.run("init").returncode == 0
    assert world.run("start").returncode == 0
