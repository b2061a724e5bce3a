"""Whose a VM is, on the command line: namesakes, moved projects, VM_NAME, nested projects."""

import json
import shutil

import pexpect
import pytest

from tests.worlds import SCRIPT


@pytest.fixture
def namesake(world):
    """A second directory called ``demo``, whose name's VM is the first one's."""
    world.put_vm()
    other = world.project("elsewhere/demo")
    world.put_config(other)
    return other


def at(world, cwd, *words):
    program, *rest = [*SCRIPT, *words]
    return pexpect.spawn(program, rest, cwd=str(cwd), env=world.env, timeout=20, encoding="utf-8", dimensions=(40, 200))


def end(child):
    child.expect(pexpect.EOF)
    child.close()
    assert "Traceback" not in child.before
    return child.exitstatus


def made_with(world, name):
    return json.loads((world.lima_home / name / "lima.yaml").read_text())


EVERY = (
    ["start"],
    ["restart"],
    ["stop"],
    ["destroy", "--yes"],
    ["exec", "true"],
    ["shell"],
    ["logs"],
    ["adopt", "--yes"],
)


def test_no_command_of_a_namesake_touches_the_other_vm(world, namesake):
    before = made_with(world, "demo-dev")
    for verb in EVERY:
        done = world.run(*verb, cwd=namesake)
        assert done.returncode == 4, verb
        if verb[0] != "adopt":
            assert str(world.demo) in done.stderr
        assert str(namesake) in done.stderr
    for looks in (["status"], ["ports"], ["doctor"], ["list"], ["init", "--yes"]):
        world.run(*looks, cwd=namesake)
    assert (world.status(), made_with(world, "demo-dev")) == ("Running", before)
    assert world.verbs() == []


def test_name_answers_and_is_kept(world, namesake):
    assert world.run("start", "--name", "mine", cwd=namesake).returncode == 0
    assert made_with(world, "mine")["param"]["PROJECT_DIR"] == str(namesake)
    for verb in (["stop"], ["start"], ["status"]):
        assert "mine" in (done := world.run(*verb, cwd=namesake)).stdout + done.stderr
    assert world.run("destroy", "--yes", cwd=namesake).returncode == 0
    assert (world.status("mine"), world.status()) == ("not created", "Running")


def test_init_warns_and_names_both(world):
    world.put_vm()
    other = world.project("elsewhere/demo")
    done = world.run("init", cwd=other)
    assert done.returncode == 0
    assert str(world.demo) in done.stderr
    assert str(other) in done.stderr
    assert "--name" in done.stderr


def test_on_a_terminal_init_offers_a_free_name_and_start_uses_it(world):
    world.put_vm()
    other = world.project("elsewhere/demo")
    child = at(world, other, "init")
    child.expect_exact("A name for this VM:")
    child.expect_exact("elsewhere-demo-dev")
    child.send("\r")
    assert end(child) == 0
    assert world.run("start", cwd=other).returncode == 0
    assert world.status("elsewhere-demo-dev") == "Running"


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_ctrl_c_and_ctrl_d_at_a_question_for_text_end_the_command(world, key):
    world.put_vm()
    other = world.project("elsewhere/demo")
    child = at(world, other, "init")
    child.expect_exact("elsewhere-demo-dev")
    child.send(f"\x15{key}")
    assert end(child) == 130
    assert not (other / ".lima").exists()


def test_what_was_typed_before_a_question_for_text_is_no_answer(world):
    world.put_vm()
    other = world.project("elsewhere/demo")
    child = at(world, other, "init")
    child.send("typed-too-early\r")
    child.expect_exact("elsewhere-demo-dev")
    child.send("\r")
    assert end(child) == 0
    assert world.run("start", cwd=other).returncode == 0
    assert world.status("elsewhere-demo-dev") == "Running"


def test_up_in_a_new_directory_never_starts_another_projects_vm_by_its_name(world):
    world.put_vm("Stopped")
    other = world.project("elsewhere/other")
    done = world.run("up", "--yes", "--name", "demo-dev", cwd=other)
    assert done.returncode == 4
    assert f"made for {world.demo}" in done.stderr
    assert "Missing" not in done.stderr
    assert world.status() == "Stopped"
    assert list(other.iterdir()) == []


@pytest.fixture
def moved(world):
    """The project, renamed while its VM was stopped."""
    world.put_vm("Stopped")
    shop = world.home / "shop"
    world.demo.rename(shop)
    world.trust(shop)  # what a config may do is allowed for a directory
    return shop


def test_a_renamed_project_is_recognised_and_adopt_takes_its_vm_over(world, moved):
    for verb in (["start"], ["stop"], ["destroy", "--yes"], ["exec", "true"]):
        done = world.run(*verb, cwd=moved)
        assert done.returncode == 4, verb
        assert f"{world.demo}, which is gone" in done.stderr
        assert "sysinit-vm adopt" in done.stderr
    assert "sysinit-vm adopt" in world.run("status", cwd=moved).stderr
    refused = world.run("adopt", cwd=moved)
    assert refused.returncode == 5
    assert "adopt --name demo-dev --yes" in refused.stderr
    assert world.verbs() == []
    assert world.run("adopt", "--yes", cwd=moved).returncode == 0
    assert made_with(world, "demo-dev")["param"]["PROJECT_DIR"] == str(moved)
    started = world.run("start", cwd=moved)
    assert started.returncode == 0
    assert "demo-dev" in started.stderr


@pytest.mark.parametrize(("answer", "code", "verbs"), [("y", 0, ["edit", "start"]), ("n", 5, []), ("\x03", 130, [])])
def test_start_offers_it_on_a_terminal(world, moved, answer, code, verbs):
    child = at(world, moved, "start")
    child.expect_exact("Take over the VM")
    child.send(f"{answer}\r")
    assert end(child) == code
    assert world.verbs() == verbs


def test_a_copied_project_gets_a_vm_of_its_own(world):
    world.put_vm()
    copy = world.home / "copy"
    shutil.copytree(world.demo, copy)
    world.trust(copy)
    refused = world.run("adopt", "--yes", "--name", "demo-dev", cwd=copy)
    assert refused.returncode == 4
    assert str(world.demo) in refused.stderr
    assert world.run("start", cwd=copy).returncode == 0
    assert world.status("copy-dev") == "Running"
    assert made_with(world, "demo-dev")["param"]["PROJECT_DIR"] == str(world.demo)


def test_a_vm_of_the_seeds_script_is_taken_over(world):
    world.put_config()
    directory = world.lima_home / "demo-dev"
    directory.mkdir()
    (directory / "lima.yaml").write_text(json.dumps({"cpus": 1, "mounts": [{"location": str(world.demo)}]}))
    (directory / "status").write_text("Stopped")
    done = world.run("start")
    assert done.returncode == 4
    assert "made without sysinit-vm" in done.stderr
    assert world.run("adopt", "--yes").returncode == 0
    assert world.run("start").returncode == 0
    assert made_with(world, "demo-dev")["param"]["PROJECT_DIR"] == str(world.demo)


def test_two_names_that_a_file_system_does_not_tell_apart_are_one_vm(world):
    """A LIMA_HOME that ignores case shows the directory of `demo-dev` under `Demo-dev` too."""
    world.put_vm()
    (world.lima_home / "Demo-dev").symlink_to("demo-dev")
    other = world.project("x/Demo")
    world.put_config(other)
    for verb in (["start"], ["destroy", "--yes"]):
        done = world.run(*verb, cwd=other)
        assert done.returncode == 4
        assert str(world.demo) in done.stderr
    assert world.status() == "Running"


def test_a_nested_project_is_its_own_and_init_says_so(world):
    world.put_vm()
    inner = world.demo / "sub" / "inner"
    inner.mkdir(parents=True)
    assert "demo-dev" in world.run("status", cwd=inner).stdout
    assert f"{world.demo} is a project too" in world.run("init", cwd=inner).stderr
    assert "inner-dev" in world.run("status", cwd=inner).stdout
    assert "demo-dev" in world.run("status", cwd=inner.parent).stdout


def test_vm_name_is_for_one_call_and_at_init_for_good(world):
    world.run("init", VM_NAME="kept")
    assert "kept" in world.run("status").stdout
    assert "once" in world.run("status", VM_NAME="once").stdout
    assert "kept" in world.run("status", VM_NAME="").stdout
    assert world.run("start").returncode == 0
    assert made_with(world, "kept")["param"]["PROJECT_DIR"] == str(world.demo)


def test_a_vm_name_beside_the_projects_own_vm_is_explained(world):
    world.put_vm()
    done = world.run("start", VM_NAME="other")
    assert done.returncode == 4
    assert f"{world.demo} already has a VM: demo-dev" in done.stderr
    assert "The name comes from VM_NAME." in done.stderr
    said = world.run("init", "--yes", "--name", "new").stderr
    assert "demo-dev, and keeps it" in said


@pytest.mark.parametrize("bad", ["../x", "x" * 200, " "])
def test_a_vm_name_that_cannot_be_is_refused_by_every_command(world, bad):
    world.put_vm()
    for verb in (["start"], ["destroy", "--yes"], ["init", "--yes"], ["adopt", "--yes"]):
        done = world.run(*verb, VM_NAME=bad)
        assert done.returncode == 2, verb
        assert "VM_NAME" in done.stderr
    assert world.verbs() == []


def test_all_stops_every_projects_vm_and_a_failing_one_does_not_keep_the_others(world):
    for name in ("b", "c"):
        world.put_config(world.project(name))
        assert world.run("start", cwd=world.home / name).returncode == 0
    world.put_vm()
    (world.lima_home / "c-dev" / "status").write_text("Stopped")
    lima_own = world.lima_home / "docker"
    lima_own.mkdir()
    (lima_own / "lima.yaml").write_text("{}")
    (lima_own / "status").write_text("Running")
    done = world.run("stop", "--all", cwd=world.home)
    assert done.returncode == 0
    assert "b-dev, demo-dev" in done.stderr
    assert [world.status(name) for name in ("b-dev", "c-dev", "demo-dev", "docker")] == [*["Stopped"] * 3, "Running"]
    (world.lima_home / "demo-dev" / "status").write_text("Running")
    (world.lima_home / "b-dev" / "status").write_text("Running")
    world.let_fail("stop", '{"level":"fatal","msg":"no"}\n')
    failed = world.run("stop", "--all", cwd=world.home)
    assert failed.returncode == 1
    assert "2 of 2 VMs could not be stopped" in failed.stderr
    assert "b-dev: Cannot stop b-dev. no" in failed.stderr
    assert world.run("stop", "--all", "--name", "x").returncode == 2
