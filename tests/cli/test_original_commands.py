"""What the original script's own document does at the command line."""

import json
import re
import subprocess

import pytest


def test_help_names_the_usage(world):
    done = world.run("help")
    assert "Usage:" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    assert world.calls() == []


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_without_a_command_there_is_the_overview(world, words):
    done = world.run(*words)
    assert "Usage:" in done.stdout
    assert done.returncode == 0


def test_an_invalid_command_is_an_error_with_what_was_perhaps_meant(world):
    done = world.run("invalid-command")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Unknown command: invalid-command" in done.stderr
    assert "Did you mean start?" in world.run("strat").stderr


def test_start_without_a_config_is_an_error_with_the_command_to_type(world):
    done = world.run("start")
    assert (done.returncode, done.stdout) == (3, "")
    assert "No .lima/config.yaml found." in done.stderr
    assert "Try: sysinit-vm init" in done.stderr


def test_the_original_project_workflow(world):
    root = world.project("test-app1")
    done = world.run("init", "dev", cwd=root)
    assert done.returncode == 0
    assert (root / ".lima/.gitignore").is_file()
    text = (root / ".lima/config.yaml").read_text()
    assert "test-app1" in text
    assert "{{PROJECT" not in text
    assert world.run("start", cwd=root).returncode == 0
    assert "Running" in world.run("status", cwd=root).stdout
    assert world.run("exec", "echo test", cwd=root).stdout == "test\n"
    done = world.run("exec", "pwd; echo test > test-file.txt", cwd=root)
    assert done.stdout == f"{root}\n"
    assert (root / "test-file.txt").read_text() == "test\n"
    assert world.run("stop", cwd=root).returncode == 0
    assert "Stopped" in world.run("status", cwd=root).stdout
    assert world.run("destroy", "--yes", cwd=root).returncode == 0
    assert not (world.lima_home / "test-app1-dev").exists()
    assert (root / "test-file.txt").exists()
    assert "not created" in world.run("status", cwd=root).stdout


def test_three_projects_have_a_vm_each(world):
    roots = [world.project(f"multi-test-{number}") for number in (1, 2, 3)]
    for root in roots:
        assert world.run("--chain", "init", "start", cwd=root).returncode == 0
    listed = world.run("list").stdout
    for root in roots:
        row = next(line for line in listed.splitlines() if str(root) in line)
        assert row.split()[:2] == [f"{root.name}-dev", "Running"]
        assert json.loads(world.run("status", "--json", cwd=root).stdout)["vm"]["session"] == root.name
    world.run("destroy", "--yes", cwd=roots[0])
    assert [world.status(f"multi-test-{number}-dev") for number in (1, 2, 3)] == ["not created", "Running", "Running"]


def test_the_original_short_names_are_there(world):
    world.put_vm()
    assert world.run("st").stdout == world.run("status").stdout
    listed = [re.sub(r"\b[0-9]+[sm]\b", "AGE", world.run(verb).stdout) for verb in ("ls", "list")]
    assert listed[0] == listed[1]
    assert world.run("rm", "--yes").returncode == 0


def test_vm_name_overrides_the_name(world):
    assert world.run("--chain", "init", "start", VM_NAME="special").returncode == 0
    assert world.status("special") == "Running"
    assert world.run("status").stdout.splitlines()[1].split()[0] == "special"


def test_help_of_a_command_shows_its_flags(world):
    done = world.run("help", "start")
    assert "--timeout" in done.stdout
    assert world.run("help", "sh").returncode == 0
    assert world.run("help", "strat").returncode == 2


def test_the_overview_can_be_cut_by_head(world):
    line = "exec python -m sysinit_vm help"
    done = subprocess.run(
        ["bash", "-c", f'({line}; echo "status $?" >&2) | head -n 1'],
        env=world.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("sysinit-vm - ")
    assert "BrokenPipe" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_is_gone_is_no_traceback(world):
    done = subprocess.run(
        ["bash", "-c", "python -m sysinit_vm help | true; exit ${PIPESTATUS[0]}"],
        env=world.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_the_old_way_of_limactl_itself_still_works(world):
    world.put_vm()
    done = world.type(str(world.limactl), "list", "--json", "demo-dev")
    assert '"demo-dev"' in done.stdout


def test_the_doctor_tells_a_machine_without_a_project_what_comes_next(world):
    done = world.run("doctor", "--all", cwd=world.project("bare"))
    assert "no .lima/config.yaml here or above" in done.stdout
    assert "sysinit-vm init" in done.stdout
    assert "limactl" in done.stdout


def test_the_doctor_says_where_a_config_is_broken_and_goes_on(world):
    world.put_vm(status="Stopped")
    (world.demo / ".lima/config.yaml").write_text("cpus: 1\ncpus: 2\n")
    done = world.run("doctor", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    found = {(each["area"], each["subject"]): each for each in json.loads(done.stdout)["findings"]}
    assert "line 2" in found["project", "config"]["said"]
    assert found["project", "config"]["mend"].startswith("nano ")
    assert found["VM", "state"]["said"] == "Stopped"
    assert any(area == "machine" for area, _ in found)


def test_the_doctor_says_which_variable_names_no_program_and_goes_on(world):
    done = world.run("doctor", "--all", SYSINIT_VM_LIMACTL="/nowhere/limactl")
    assert done.returncode == 1
    row = next(line for line in done.stdout.splitlines() if "SYSINIT_VM_LIMACTL" in line)
    assert "WRONG" in row
    assert "unset SYSINIT_VM_LIMACTL" in row
    assert "disk space" in done.stdout


def test_the_doctor_names_what_is_wrong_with_a_vm_and_exits_1(world):
    world.put_vm(status="Stopped")
    (world.lima_home / "demo-dev" / "ha.pid").write_text("999999999")
    done = world.run("doctor")
    assert done.returncode == 1
    row = next(line for line in done.stdout.splitlines() if "stale pids" in line)
    assert "WRONG" in row
    assert "sysinit-vm doctor --fix" in row
    world.run("doctor", "--fix")
    assert not (world.lima_home / "demo-dev" / "ha.pid").exists()
