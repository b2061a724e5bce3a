"""A machine where Zellij must be compiled: `up` gives a login shell first, and the compile goes on beside it."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.cli.test_interrupt import interrupted
from tests.cli.test_zellij_delivery import Guest
from tests.lima.terminal import Terminal
from tests.worlds import SCRIPT

MMDEBSTRAP = """\
for word; do case $word in *.tar) tar=$word ;; esac; done
mkdir -p "$PLACE/empty"
exec tar -cf "$tar" -C "$PLACE/empty" .
"""
BWRAP = """\
case "$*" in
*"cargo fetch"*) exit ;;
*"cargo install"*) ;;
*) exec /usr/bin/bwrap "$@" ;; # limactl for root
esac
echo begun >>"$PLACE/compiles"
[ ! -e "$PLACE/noise" ] || yes 'warning: unused' | head -n 100000
for bar in 51 51; do printf '    Building [=>    ] %s/428: mio\\r' "$bar" >&2; done
until [ -e "$PLACE/finish" ]; do sleep 0.1; done
[ ! -e "$PLACE/wrong" ] || { printf 'error: the linker\\033[31m is gone\\n' >&2; exit 101; }
mkdir -p "$HOME/.cache/sysinit-vm/zellij/made/bin"
cp /bin/echo "$HOME/.cache/sysinit-vm/zellij/made/bin/zellij"
"""


class Compiler:
    """The compile in a world: its fake programs, which go on until it is told to ``finish``, and what is left of it."""

    def __init__(self, world):
        self.world, self.tools = world, world.place / "tools"
        self.tools.mkdir()
        for name, text in (("mmdebstrap", MMDEBSTRAP), ("bwrap", BWRAP)):
            (self.tools / name).write_text(f"#!/bin/sh\n{text}")
            (self.tools / name).chmod(0o755)
        world.env |= {"PATH": f"{self.tools}{os.pathsep}{world.env['PATH']}", "PLACE": str(world.place)}
        self.cache = world.home / ".cache" / "sysinit-vm"
        self.zellij = world.home / ".local/share/sysinit-vm/zellij-0.45.1/bin/zellij"

    def begun(self):
        """How often cargo began to compile."""
        path = self.world.place / "compiles"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def state(self):
        """What `status --json` says of it."""
        return json.loads(self.world.run("status", "--json").stdout)["zellij_compile"]

    def processes(self):
        """The processes that it has."""
        mine = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("PLACE") == str(self.world.place):
                    mine.append(process)
            except psutil.Error:
                continue
        return mine

    def wait_until(self, true, seconds=30):
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, self.state()
            time.sleep(0.1)

    def counts(self):
        """Wait until it has said how far it is."""
        self.wait_until(lambda: (self.state() or {}).get("progress"))

    def finish(self):
        """Let it come to its end."""
        (self.world.place / "finish").touch()
        self.wait_until(lambda: self.state() is None or self.state()["state"] != "running")

    def end(self):
        """Kill what there is of it."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()


@pytest.fixture
def compiler(world):
    world.put_vm()
    guest = Guest(world)
    compiler = Compiler(world)
    compiler.guest = guest
    yield compiler
    compiler.end()


def test_up_does_not_wait_and_status_and_doctor_say_how_far_it_is(compiler):
    world = compiler.world
    done = world.run("up", "--yes")
    assert done.returncode == 0, done.stderr
    assert "This goes on in the background; until it is done, the VM gives a login shell." in done.stderr
    assert "VM ready" in done.stderr
    assert re.search(r"Zellij is not installed in this guest: it is being compiled since \d\d:\d\d", done.stderr)
    compiler.counts()
    state = compiler.state()
    assert (state["state"], state["progress"]) == ("running", "51 of 428 steps: mio")
    assert "compiling Zellij" in state["stage"]
    assert 0 <= time.time() - state["began"] < 60
    said = world.run("status").stderr
    assert re.search(r"being compiled since \d\d:\d\d: compiling Zellij .*: 51 of 428 steps: mio", said)
    assert "sysinit-vm setup --stop" in said
    findings = {each["subject"]: each for each in json.loads(world.run("doctor", "--json").stdout)["findings"]}
    assert findings["compile of Zellij"]["level"] == "note"
    assert "51 of 428 steps" in findings["compile of Zellij"]["said"]


def test_what_needs_no_zellij_neither_waits_nor_says_a_word_of_it(compiler):
    world = compiler.world
    world.run("up", "--yes")
    done = world.run("exec", "echo", "hello")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")
    again = world.run("up")
    assert again.returncode == 0, again.stderr
    assert "zellij: it is being compiled since" in again.stderr
    assert "What this machine lacks" not in again.stderr
    compiler.counts()
    assert compiler.begun() == 1


def test_two_ups_begin_one_compile(compiler):
    world = compiler.world
    with world.begin(*SCRIPT, "up", "--yes") as one, world.begin(*SCRIPT, "up", "--yes") as other:
        for process in (one, other):
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, out + err
    compiler.counts()
    assert compiler.begun() == 1


def test_when_it_is_done_the_next_shell_brings_zellij_into_the_guest(compiler):
    world, guest = compiler.world, compiler.guest
    world.run("up", "--yes")
    status, shown = guest.type("shell")
    assert (status, shown.splitlines()[-1]) == (0, "a login shell -l")
    assert "is being compiled since" in shown
    assert guest.sent() == 0
    compiler.finish()
    assert compiler.zellij.exists()
    assert compiler.state() is None
    assert not list(compiler.cache.glob("zellij*"))
    status, shown = guest.type("shell")
    assert "attach --create demo" in shown
    assert "being compiled" not in shown
    assert world.run("status").stderr == ""


def test_it_is_not_the_terminals_and_has_none_of_our_files(compiler):
    world = compiler.world
    done = subprocess.run(
        ["sh", "-c", 'exec 7>"$PLACE/lock"; exec "$@"', "sh", *SCRIPT, "up", "--yes"],
        cwd=world.demo, env=world.env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    compiler.counts()
    processes = [process for process in compiler.processes() if "sleep" not in process.name()]  # those end meanwhile
    assert len(processes) == 2
    for process in processes:
        assert os.getsid(process.pid) != os.getsid(0)
        assert process.terminal() is None
        assert process.nice() == 19
        files = {file.resolve() for file in Path(f"/proc/{process.pid}/fd").iterdir()}
        assert world.place / "lock" not in files
    assert {process.cwd() for process in processes} == {"/"}


def test_the_login_shell_comes_first_and_the_compile_outlives_the_terminal(compiler):
    world, guest = compiler.world, compiler.guest
    guest.program("login-shell", '#!/bin/sh\nprintf "here is %s\\n" "$PWD"\nread -r line\n')
    terminal = Terminal([*SCRIPT, "up"], world.demo, world.env, rows=60, columns=240)
    terminal.wait_for(r"Do all this\? \(no: go on without zellij\)", seconds=60)
    terminal.press("y\r")
    terminal.wait_for(f"here is {world.demo}", seconds=60)
    assert "Here is a login shell instead." in terminal.text
    terminal.close()
    compiler.counts()
    compiler.finish()
    assert compiler.zellij.exists()


def test_ctrl_c_in_up_leaves_it_and_says_so(compiler):
    world = compiler.world
    (world.lima_home / "demo-dev/status").write_text("Stopped")
    (world.fake / "start.hang").write_text("")
    code, out, err = interrupted(world, [*SCRIPT, "up", "--yes"], lambda: world.status() == "Running")
    assert (code, out) == (130, "")
    assert err.splitlines()[-2].startswith("Zellij is being compiled in the background.")
    assert "setup --stop" in err.splitlines()[-2]
    compiler.counts()
    assert compiler.state()["state"] == "running"


def test_it_is_stopped_and_goes_on_only_if_told_to(compiler):
    world = compiler.world
    world.run("up", "--yes")
    compiler.counts()
    assert world.run("--dry", "setup", "--stop").returncode == 0
    assert compiler.state()["state"] == "running"
    done = world.run("setup", "--stop")
    assert (done.returncode, done.stderr) == (0, "The compile of Zellij is stopped. Go on: sysinit-vm setup\n")
    assert compiler.processes() == []
    assert compiler.state()["state"] == "stopped"
    assert re.search(r"Zellij is not there yet: its compile was stopped at \d\d:\d\d", world.run("status").stderr)
    again = world.run("up", "--yes")
    assert again.returncode == 0
    assert "its compile was stopped" in again.stderr
    assert compiler.begun() == 1
    assert "No compile is running." in world.run("setup", "--stop").stderr
    (world.place / "finish").touch()
    assert world.run("setup", "--yes").returncode == 0
    assert (compiler.begun(), compiler.zellij.exists()) == (2, True)


def test_setup_joins_it_and_ends_with_it(compiler):
    world = compiler.world
    world.run("up", "--yes")
    compiler.counts()
    with world.begin(*SCRIPT, "setup") as process:
        said = iter(process.stderr.readline, "")
        assert next(said).startswith("zellij: it is being compiled since")
        assert next(said) == "Zellij is being compiled in the background.\n"
        assert "compiling Zellij" in next(said)
        (world.place / "finish").touch()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert re.search(rf"zellij +ok .* {re.escape(str(compiler.zellij))}", out)
    assert compiler.begun() == 1


def test_ctrl_c_in_a_setup_that_joined_it_leaves_it(compiler):
    world = compiler.world
    world.run("up", "--yes")
    compiler.counts()
    begun = time.monotonic()
    code, _, err = interrupted(world, [*SCRIPT, "setup"], lambda: time.monotonic() > begun + 3)
    assert code == 130
    assert "Zellij is being compiled in the background. How far" in err
    assert compiler.state()["state"] == "running"


def test_setup_alone_waits_and_its_own_ctrl_c_ends_the_compile(compiler):
    world = compiler.world
    code, _, _ = interrupted(world, [*SCRIPT, "setup", "--yes"], lambda: compiler.begun() == 1)
    assert code == 130
    compiler.end()
    assert compiler.state()["state"] == "cut off"
    assert "was cut off" in world.run("status").stderr
    (world.place / "finish").touch()
    assert world.run("setup", "--yes").returncode == 0
    assert compiler.zellij.exists()


def test_nothing_waits_for_a_setup_that_compiles(compiler):
    world = compiler.world
    with world.begin(*SCRIPT, "setup", "--yes") as process:
        compiler.counts()
        assert world.run("up", "--yes").returncode == 0
        assert compiler.begun() == 1
        assert world.run("setup", "--stop").returncode == 0
        process.communicate(timeout=30)
        assert process.returncode == 130


def test_a_failure_is_told_with_how_to_go_on_and_nothing_begins_again_by_itself(compiler):
    world = compiler.world
    (world.place / "wrong").touch()
    world.run("up", "--yes")
    compiler.finish()
    why = r"bwrap cargo install zellij failed (exit 101). error: the linker\x1b[31m is gone"
    assert compiler.state()["failure"] == why
    for words in (("status",), ("up", "--yes"), ("start",)):
        done = world.run(*words)
        assert done.returncode == 0
        assert why in done.stderr
        assert "sysinit-vm setup" in done.stderr
        assert "\x1b" not in done.stderr
    finding = world.run("doctor").stdout
    assert why in finding
    log = compiler.cache / "zellij-compile.log"
    assert str(log) in finding
    assert log.read_text().splitlines()[-1] == r"error: the linker\x1b[31m is gone"
    assert compiler.begun() == 1
    (world.place / "wrong").unlink()
    assert world.run("setup", "--yes").returncode == 0
    assert compiler.state() is None


def test_one_that_was_killed_is_begun_again_by_up(compiler):
    world = compiler.world
    world.run("up", "--yes")
    compiler.counts()
    compiler.end()
    compiler.wait_until(lambda: compiler.state()["state"] == "cut off")
    assert world.run("up", "--yes").returncode == 0
    compiler.wait_until(lambda: compiler.begun() == 2)
    assert compiler.state()["state"] == "running"


def test_a_kill_of_its_process_ends_all_that_it_started(compiler):
    compiler.world.run("up", "--yes")
    compiler.counts()
    record = json.loads((compiler.cache / "zellij-compile.json").read_text())
    os.kill(record["pid"], signal.SIGTERM)
    compiler.wait_until(lambda: not compiler.processes())


def test_its_log_has_an_end(compiler):
    (compiler.world.place / "noise").touch()
    (compiler.world.place / "wrong").touch()
    compiler.world.run("up", "--yes")
    compiler.finish()
    log = compiler.cache / "zellij-compile.log"
    assert 2**18 < log.stat().st_size < 2**21
    assert "is gone" in log.read_text().splitlines()[-1]


def test_a_cache_that_cannot_be_written_is_a_word_and_up_goes_on(compiler):
    shutil.rmtree(compiler.cache, ignore_errors=True)
    compiler.cache.mkdir(parents=True)
    (compiler.cache / "zellij-compile.json").mkdir()
    done = compiler.world.run("up", "--yes")
    assert done.returncode == 0
    assert "Going on without it." in done.stderr
    assert "zellij-compile.json" in done.stderr


@pytest.mark.parametrize("name", ["log", "json", "stop"])
def test_a_fifo_in_place_of_its_log_or_record_is_never_waited_for(compiler, name):
    compiler.cache.mkdir(parents=True)
    path = compiler.cache / f"zellij-compile.{name}"
    os.mkfifo(path)
    done = compiler.world.run("up", "--yes")
    assert done.returncode == 0, done.stderr
    if name == "log":
        assert "Going on without it." in done.stderr
        assert str(path) in done.stderr
        assert compiler.processes() == []
    else:
        compiler.counts()
        assert compiler.world.run("setup", "--stop").returncode == 0


def test_one_that_stands_still_is_continued_by_the_hint_and_then_ends_as_asked(compiler):
    compiler.world.run("up", "--yes")
    compiler.counts()
    record = json.loads((compiler.cache / "zellij-compile.json").read_text())
    os.kill(record["pid"], signal.SIGSTOP)
    done = compiler.world.run("setup", "--stop")
    assert done.returncode == 1
    hint = done.stderr.splitlines()[-1].removeprefix("Try: ")
    assert hint == f"kill -CONT {record['pid']}"
    subprocess.run(hint.split(), check=True)
    compiler.wait_until(lambda: compiler.state()["state"] == "stopped")
    compiler.wait_until(lambda: not compiler.processes())
    assert compiler.world.run("up", "--yes").returncode == 0
    assert compiler.begun() == 1
