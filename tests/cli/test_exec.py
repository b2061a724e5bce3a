"""`exec` as scripts use it: exact words, clean streams, the guest command's own status, signals."""

import json
import shlex
import signal
import subprocess
import sys
import time

import pytest

from tests.lima.terminal import Terminal
from tests.worlds import CLI, SCRIPT


@pytest.fixture(params=["limactl", "ssh"])
def started(request, world):
    """A project whose VM runs, and has the ssh config that Lima writes or (`limactl`) none."""
    world.put_vm()
    if request.param == "ssh":
        vm = world.lima_home / "demo-dev"
        config = json.loads((vm / "lima.yaml").read_text())
        (vm / "lima.yaml").write_text(json.dumps({**config, "user": {"shell": "/bin/bash"}}))
        (vm / "ssh.config").touch()
        ssh = world.place / "bin" / "ssh"
        ssh.parent.mkdir()
        ssh.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-SE", str(CLI / "fake_ssh.py")])} "$@"\n')
        ssh.chmod(0o755)
        world.env["PATH"] = f"{ssh.parent}:{world.env['PATH']}"
    return world


def test_without_a_terminal_ssh_does_it_where_lima_wrote_a_config_for_it(started):
    by_ssh = (started.lima_home / "demo-dev" / "ssh.config").exists()
    assert started.run("exec", "exit 7").returncode == 7
    assert (started.fake / "ssh").exists() == by_ssh
    assert ("shell" in [call[0] for call in started.calls()]) != by_ssh


def test_the_guest_commands_own_status_comes_back(started):
    for line, code in (
        ("exit 7", 7),
        ("exit 126", 126),
        ("nonesuch-program", 127),
        ("kill -TERM $$", 143),
        ("true", 0),
    ):
        assert started.run("exec", line).returncode == code, line


def test_streams_are_the_guests_own(started):
    done = started.run("exec", "echo out; echo err >&2")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


def test_standard_input_goes_to_the_guest_unless_told_otherwise(started):
    for words, said in ((["exec", "cat"], "typed\n"), (["exec", "--no-stdin", "cat"], "")):
        done = subprocess.run(
            [*SCRIPT, *words],
            cwd=started.demo,
            env=started.env,
            input="typed\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, said)


def test_a_loop_that_reads_lines_keeps_them(started):
    line = f"printf 'a\\nb\\n' | while read -r x; do {shlex.join(SCRIPT)} exec --no-stdin echo \"$x\"; done"
    assert started.type("sh", "-c", line).stdout == "a\nb\n"


def test_variables_and_the_directory_are_handed_on(started):
    below = started.demo / "src"
    below.mkdir()
    done = started.run("exec", "--env", "A=1 2", "--env", "B=", 'echo "$A|$B|$PWD"', cwd=below)
    assert done.stdout == f"1 2||{below}\n"


@pytest.mark.parametrize("started", ["limactl"], indirect=True)
def test_our_flags_stop_at_its_first_word(started):
    started.run("exec", "echo", "--no-stdin", "--env", "x", "--help", "--", "--json")
    assert started.guest_words() == ["echo", "--no-stdin", "--env", "x", "--help", "--", "--json"]


@pytest.mark.parametrize(
    "words", [["exec"], ["exec", "--"], ["exec", "--env", "1A=2", "ls"], ["exec", "--nonsense", "ls"]]
)
def test_no_command_a_bad_variable_and_an_unknown_flag_are_usage(started, words):
    done = started.run(*words)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_line_that_begins_with_a_dash_is_a_line(started):
    done = started.run("exec", "--", "-x; echo hi")
    assert done.stdout == "hi\n"
    assert "-x" in done.stderr


@pytest.mark.parametrize("started", ["limactl"], indirect=True)
def test_an_empty_command_is_a_command(started):
    assert started.run("exec", "").returncode == 0
    assert started.guest_words() == ["bash", "-c", "--", ""]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_guests_process_too(started, number, code):
    mark = started.demo / "ended"
    line = f"trap 'echo ended >{mark}; exit 3' INT TERM; echo ready; while :; do sleep 0.05; done"
    with started.begin(*SCRIPT, "exec", line) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in err
    deadline = time.monotonic() + 5
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert mark.read_text() == "ended\n"


def test_a_command_on_a_terminal_is_told_which(started):
    """The guest is this machine: what neither of both knows is called what it resembles."""
    for term, colors, told in (
        ("xterm-256color", "", "xterm-256color--"),
        ("xterm-nonesuch", "", "xterm-256color--"),
        ("xterm-256color", "truecolor", "xterm-256color-truecolor-"),
    ):
        env = ["env", f"TERM={term}", f"COLORTERM={colors}"]
        started.env.pop("COLORTERM", None)
        terminal = Terminal([*env, *SCRIPT, "exec", "echo is-$TERM-$COLORTERM-"], started.demo, started.env)
        assert terminal.exit_status() == 0, terminal.text
        assert f"is-{told}" in terminal.text
    marked = started.guest_words()
    assert marked[:2] == ["env", "COLORTERM=truecolor"]


@pytest.mark.parametrize("way", ["printf Stopped >{vm}/status", "exec 9>{lock}; flock 9; (sleep 5 &)"])
def test_a_command_that_is_cut_off_by_a_stop_says_so(started, way):
    home = started.lima_home
    (home / "_sysinit-vm").mkdir(exist_ok=True)
    line = way.format(vm=home / "demo-dev", lock=home / "_sysinit-vm/demo-dev.lock")
    done = started.run("exec", f"{line}; exit 255")
    assert done.returncode == 4
    assert "The VM demo-dev was stopped while the command ran." in done.stderr
    assert "Try: sysinit-vm start, then the same command" in done.stderr


def test_255_is_a_status_as_any_other(started):
    done = started.run("exec", "exit 255")
    assert (done.returncode, done.stderr) == (255, "")


def test_what_the_guest_does_not_have_leads_to_how_it_gets_it(world):
    world.put_vm()
    done = world.run("exec", "no-such-program", "test")
    assert done.returncode == 127
    assert done.stderr.endswith(
        "If the VM lacks no-such-program: `provision` in .lima/config.yaml installs it for good, "
        "`sysinit-vm exec sudo apt-get install PACKAGE` in a Debian guest once.\n"
    )
