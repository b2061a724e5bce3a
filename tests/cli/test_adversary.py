"""What a fresh attempt to break in has found, each as it was done."""

import json

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
