"""Questions on a real terminal."""

import pexpect
import pytest

from tests.worlds import BIN, SCRIPT, TASKS, TOP


@pytest.fixture
def type_at(world):
    def begin(*words, argv=None):
        program, *rest = [*(argv or SCRIPT), *words]
        return pexpect.spawn(
            program, rest, cwd=str(world.demo), env=world.env, timeout=20, encoding="utf-8", dimensions=(40, 120)
        )

    return begin


def end(child):
    child.expect(pexpect.EOF)
    child.close()
    assert "Traceback" not in child.before
    return child.exitstatus


OVERWRITE = "already exists. Overwrite it"
DELETE = "Permanently delete the VM demo-dev"


@pytest.mark.parametrize(
    ("answer", "code"), [("y\r", 0), ("yes\r", 0), ("n\r", 5), ("\r", 5), ("\x04", 5), ("\x03", 130)]
)
def test_an_existing_config_is_overwritten_only_for_a_yes(world, type_at, answer, code):
    world.put_config()
    (world.demo / ".lima/config.yaml").write_text("cpus: 7 # mine\n")
    child = type_at("init", "minimal")
    child.expect_exact(OVERWRITE)
    child.send(answer)
    assert end(child) == code
    kept = sorted(path.name for path in (world.demo / ".lima").glob("config.yaml*"))
    if code == 0:
        assert b"minimal" in world.config()
        assert (world.demo / ".lima" / kept[1]).read_text() == "cpus: 7 # mine\n"
    else:
        assert world.config() == b"cpus: 7 # mine\n"
        assert kept == ["config.yaml"]


@pytest.mark.parametrize(
    ("answer", "code", "status"), [("y\r", 0, "not created"), ("n\r", 5, "Running"), ("\x03", 130, "Running")]
)
def test_a_vm_is_destroyed_only_for_a_yes(world, type_at, answer, code, status):
    world.put_vm()
    child = type_at("destroy")
    child.expect_exact(DELETE)
    child.send(answer)
    assert end(child) == code
    assert world.status() == status


def test_inv_asks_the_same_question(world, type_at):
    world.put_vm()
    (world.demo / "tasks.py").write_text(TASKS)
    child = type_at("lima.destroy", argv=[str(BIN / "inv")])
    child.expect_exact(DELETE)
    child.send("y\r")
    assert end(child) == 0
    assert world.status() == "not created"


def test_task_asks_the_same_question(world, type_at):
    world.put_vm()
    child = type_at("-x", "-t", str(TOP / "Taskfile.yml"), "lima:destroy", argv=[str(BIN / "task")])
    child.expect_exact(DELETE)
    child.send("n\r")
    assert end(child) == 5
    assert world.status() == "Running"


def test_the_first_init_and_a_start_ask_nothing(world, type_at):
    assert end(type_at("--chain", "init", "start")) == 0
    assert world.status() == "Running"


def test_the_shell_is_the_guests_own_and_its_status_ours(world, type_at):
    world.put_vm()
    world.env["SHELL"] = "/bin/sh"
    child = type_at("shell", "--plain")
    child.sendline("echo $((20+3)); exit 9")
    child.expect_exact("23")
    assert end(child) == 9


def test_the_shell_starts_a_vm_that_does_not_run(world, type_at):
    world.put_vm("Stopped")
    world.env["SHELL"] = "/bin/sh"
    child = type_at("shell", "--plain")
    child.expect_exact("VM not running. Starting...")
    child.sendline("exit 0")
    assert end(child) == 0
    assert world.status() == "Running"


@pytest.mark.parametrize("answer", ["n\r", None])
def test_a_refused_destroy_names_the_vm_that_was_meant(world, type_at, answer):
    """Its hint, typed in another project, once deleted that one's VM."""
    world.put_vm()
    other = world.project("other")
    world.put_vm(root=other)
    if answer is None:
        shown = world.run("destroy", "--name", "other-dev").stderr
    else:
        child = type_at("destroy", "--name", "other-dev")
        child.expect_exact("Permanently delete the VM other-dev")
        child.send(answer)
        child.expect(pexpect.EOF)
        shown = child.before
    assert "Try: sysinit-vm destroy --name other-dev --yes" in shown
    assert (world.status(), world.status("other-dev")) == ("Running", "Running")
