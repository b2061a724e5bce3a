"""What a fresh attempt to break in has found, each as it was done."""

import json
import os

import pytest

from tests.worlds import BIN


def test_setup_runs_nothing_of_the_project(world):
    """Python takes venv.py, ensurepip.py and the like from the current directory, which is the project."""
    marker = world.place / "ran"
    for name in ("venv", "ensurepip", "pip", "logging", "types", "shutil", "subprocess"):
        (world.demo / f"{name}.py").write_text(f"open({str(marker)!r}, 'w'); raise SystemExit(3)\n")
    (world.demo / "go.mod").write_text("toolchain go1.99.0\n")
    program = str(BIN / "sysinit-vm")
    done = world.type(
        program, "setup", "--yes", SYSINIT_VM_LIMACTL="", PATH="/usr/bin:/bin", PIP_INDEX_URL="http://[::]:9"
    )
    assert done.returncode != 0, "nothing can be fetched here"
    assert not marker.exists()


@pytest.mark.parametrize("into", ["guest", "host"])
def test_a_link_of_another_projects_guest_is_not_followed(world, into):
    world.put_vm()
    other = world.project("other")
    world.put_vm(root=other)
    victim, mine = world.home / "victim", world.home / "mine"
    victim.write_text("secret")
    mine.write_text("new")
    (other / "planted").symlink_to(victim)
    words = {"guest": [str(other / "planted"), f":{world.home}/got"], "host": [f":{mine}", str(other / "planted")]}[
        into
    ]
    done = world.run("copy", *words)
    assert victim.read_text() == "secret"
    assert not (world.home / "got").exists()
    assert done.returncode in {0, 1}


def test_a_strangers_tasks_py_prints_nothing(world):
    (world.demo / "tasks.py").write_text('x = "\\\x1b"\n')
    done = world.run("init", "--tasks", "--yes")
    assert "\x1b" not in done.stdout + done.stderr
    assert "SyntaxWarning" not in done.stderr


@pytest.mark.parametrize("words", [["start"], ["ports"], ["exec", "true"], ["logs", "host"]])
def test_a_guest_agent_that_forges_the_host_agents_log_ends_no_command(world, words):
    world.put_vm()
    directory = world.lima_home / "demo-dev"
    deep = json.dumps({"status": {"errors": ["[" * 60_000], "running": True}})
    forged = "x" * (16_384 - len('{"level":"info","msg":"')) + "failed to listen tcp: 127.0.0.1:" + "9" * 6000
    (directory / "ha.stdout.log").write_text(f'{{"status":{{"running":true}}}}\n{deep}\n')
    (directory / "ha.stderr.log").write_text(
        "\n".join(json.dumps({"level": "info", "msg": text}) for text in ("[" * 60_000, forged)) + "\n"
    )
    assert world.run(*words).returncode in {0, 1}  # the guest of these tests cannot list its ports


def test_a_mount_that_is_a_link_to_itself_hides_no_vm(world):
    world.put_vm()
    (world.demo / "loop").symlink_to("loop")
    config = world.demo / ".lima" / "config.yaml"
    config.write_text(config.read_text().replace("mounts:\n", "mounts:\n- location: ./loop\n", 1))
    elsewhere = world.project("elsewhere", config="cpus: 1\n")
    assert "demo-dev" in world.run("list", cwd=elsewhere).stdout
    for words in (["trust", "--show"], ["status"], ["plan"], ["doctor"]):
        assert world.run(*words).returncode in {0, 1, 5}


def test_an_unreadable_vm_is_stopped_and_deleted_by_us_and_never_started(world):
    """Its guest can make it so at any moment, and readable again."""
    world.put_vm()
    (world.lima_home / "demo-dev" / "lima.yaml").write_text("corrupt")
    assert world.run("start", "--name", "demo-dev").returncode == 4
    shown = world.run("trust", "--show", "--name", "demo-dev")
    assert shown.returncode == 4
    assert "nothing to your machine" not in shown.stderr
    assert world.run("stop", "--name", "demo-dev").returncode == 0
    assert world.run("destroy", "--yes", "--name", "demo-dev").returncode == 0
    assert "start" not in world.verbs()


@pytest.mark.parametrize("path", [":{}", ".:{}", "{}:."])
@pytest.mark.parametrize("verb", ["status", "start", "doctor", "list"])
def test_no_program_of_the_project_is_run(world, path, verb):
    marker = world.place / "ran"
    world.put_vm()
    for name in ("git", "ssh", "bwrap", "unshare", "qemu-system-x86_64", "limactl", "less", "nix", "task", "go"):
        (world.demo / name).write_text(f"#!/bin/sh\necho $0 >>{marker}\n")
        (world.demo / name).chmod(0o755)
    world.run(verb, PATH=path.format(world.env["PATH"]))
    assert not marker.exists(), marker.read_text()


def test_revoking_by_name_is_for_the_vms_own_project(world):
    world.put_vm()
    other = world.project("other")
    world.put_vm(root=other)
    done = world.run("trust", "--revoke", "--name", "demo-dev", cwd=other)
    assert "Revoked." in done.stderr
    assert world.run("trust", "--json").stdout.count('"allowed": false') == 1
    assert world.run("trust", "--json", cwd=other).stdout.count('"allowed": true') == 1


@pytest.mark.parametrize("name", ["vm.yaml", "inner.inc"])
def test_init_takes_no_template_through_a_link(world, name):
    """What the link leads to would stand in the config, which the guest reads."""
    secret = world.home / "secret"
    secret.write_text("key: hunter2\n")
    (world.demo / "vm.yaml").write_text("{% set x %}{% include 'inner.inc' %}{% endset %}\nmessage: {{ x | quote }}\n")
    (world.demo / "inner.inc").write_text("x")
    assert world.run("init", "--template", "./vm.yaml", "--dry").returncode == 0
    (world.demo / name).unlink()
    (world.demo / name).symlink_to(secret)
    done = world.run("init", "--template", "./vm.yaml")
    assert done.returncode == 2, done.stderr
    assert "link" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert not (world.demo / ".lima" / "config.yaml").exists()


def test_ssh_to_a_stopped_vm_reaches_nobody(world):
    """Another guest may listen on the port that it had."""
    world.put_vm()
    own = world.lima_home / "demo-dev"
    text = "Host lima-demo-dev\n  User dev\n  Hostname 127.0.0.1\n  Port 1\n  ProxyCommand touch /tmp/pwned\n"
    (own / "ssh.config").write_text(text)
    (own / "ha.pid").write_text(str(os.getpid()))  # a number that another process has got
    assert world.run("start").returncode == 0
    block = (own / "ssh.sysinit-vm").read_text()
    assert "pwned" not in block
    done = world.type("ssh", "-F", str(own / "ssh.sysinit-vm"), "demo-dev", "true")
    assert done.returncode == 255
    assert "The VM demo-dev is not running. Try: sysinit-vm start --name demo-dev" in done.stderr
