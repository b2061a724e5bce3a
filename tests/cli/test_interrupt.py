"""Ctrl-C and SIGTERM: exit 130, nothing lost, and the same command goes on."""

import os
import signal
import subprocess
import time

import psutil
import pytest

from tests.worlds import BIN, SCRIPT, TASKS


def interrupted(world, argv, until, number=signal.SIGINT):
    with world.begin(*argv) as process:
        deadline = time.monotonic() + 20
        while not until() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=30)
    assert "Traceback" not in out + err
    return process.returncode, out, err


@pytest.mark.parametrize("entrance", ["sysinit-vm", "inv"])
def test_ctrl_c_while_it_starts_is_130_and_the_next_start_goes_on(world, entrance):
    world.put_config()
    (world.demo / "tasks.py").write_text(TASKS)
    before = world.config()
    (world.fake / "start.hang").write_text("")
    argv = {"sysinit-vm": [*SCRIPT, "start"], "inv": [str(BIN / "inv"), "lima.start"]}[entrance]
    code, out, err = interrupted(world, argv, lambda: world.status() == "Running")
    assert (code, out) == (130, "")
    assert "Interrupted" in err
    assert world.config() == before
    (world.fake / "start.hang").unlink()
    assert world.run("start").returncode == 0
    assert world.status() == "Running"


def test_sigkill_while_it_starts_leaves_a_state_from_which_start_goes_on(world):
    world.put_config()
    before = world.config()
    (world.fake / "start.hang").write_text("")
    code, _, _ = interrupted(world, [*SCRIPT, "start"], lambda: world.status() == "Running", signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert world.config() == before
    (world.fake / "start.hang").unlink()
    assert world.run("start").returncode == 0


def test_ctrl_c_while_it_stops_is_130_and_stop_goes_on(world):
    world.put_vm()
    (world.fake / "stop.hang").write_text("")
    code, _, _ = interrupted(world, [*SCRIPT, "stop"], lambda: "stop" in world.verbs())
    assert code == 130
    (world.fake / "stop.hang").unlink()
    assert world.run("stop").returncode == 0


def test_ctrl_c_while_it_follows_a_log_is_130_without_a_word_on_stdout(world):
    world.put_vm()
    seen = world.demo / "seen"
    with seen.open("w") as out:
        process = subprocess.Popen(
            [*SCRIPT, "logs", "--follow"],
            cwd=world.demo,
            env=world.env,
            stdout=out,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        deadline = time.monotonic() + 20
        while "login:" not in seen.read_text() and time.monotonic() < deadline:
            time.sleep(0.02)
        with (world.lima_home / "demo-dev/serial.log").open("a") as log:
            log.write("a new line\n")
        while "a new line" not in seen.read_text() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert seen.read_text().splitlines()[-1] == "a new line"


@pytest.mark.parametrize(
    "argv", [[*SCRIPT, "status"], [str(BIN / "sysinit-vm"), "status"]], ids=["python -m", "sysinit-vm"]
)
def test_ctrl_c_before_the_command_has_even_loaded_is_no_traceback(world, argv):
    (world.fake / "yaml.py").write_text("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(9)\n")
    done = world.type(*argv, PYTHONPATH=str(world.fake))
    assert done.returncode in {130, -signal.SIGINT}
    assert "Traceback" not in done.stderr


def test_what_is_ended_while_it_runs_leaves_no_limactl_behind(world):
    world.put_vm()
    (world.lima_home / "demo-dev/ha.stdout.log").write_text("")
    (world.fake / "stop.hang").write_text("")
    interrupted(world, [*SCRIPT, "stop"], lambda: "stop" in world.verbs(), signal.SIGTERM)
    assert left_behind(world) == []


def left_behind(world):
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        found = [each for each in psutil.process_iter() if str(world.limactl) in running_words(each)]
        if not found:
            break
        time.sleep(0.05)
    return found


def running_words(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.parametrize("entrance", ["sysinit-vm", "inv"])
def test_who_waits_for_a_start_is_told_which_process_it_is(world, entrance):
    world.put_vm("Stopped")
    (world.demo / "tasks.py").write_text(TASKS)
    (world.fake / "start.hang").write_text("")
    argv = {"sysinit-vm": [*SCRIPT, "start"], "inv": [str(BIN / "inv"), "lima.start"]}[entrance]
    with world.begin(*argv) as starting:
        deadline = time.monotonic() + 20
        while world.status() != "Running" and time.monotonic() < deadline:
            time.sleep(0.02)
        with world.begin(*SCRIPT, "stop") as stopping:
            told = [stopping.stderr.readline() for _ in range(2)]
            os.killpg(stopping.pid, signal.SIGINT)
            stopping.communicate(timeout=30)
        os.killpg(starting.pid, signal.SIGINT)
        starting.communicate(timeout=30)
    assert told[0] == "Waiting for another sysinit-vm command that is using demo-dev …\n"
    assert f"It is `sysinit-vm start`, process {starting.pid}, for " in told[1]
    assert (stopping.returncode, "stop" in world.verbs()) == (130, False)
