import os
import signal
import subprocess
import threading
import time

import pytest

from sysinit_vm import runner
from sysinit_vm.errors import MissingError
from sysinit_vm.runner import TIMED_OUT, Result, Runner

RUN = Runner()


def sh(line, *words):
    return ("/bin/sh", "-c", line, "sh", *words)


def test_reading_captures_both_outputs_and_the_status():
    done = RUN.read(sh("echo out; echo err >&2; exit 3"))
    assert (done.code, done.out, done.err, done.ok) == (3, "out\n", "err\n", False)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, 137)])
def test_death_by_a_signal_is_128_and_its_number(number, code):
    kill = sh(f"kill -{int(number)} $$")
    assert RUN.read(kill).code == RUN.change(kill).code == RUN.stream(kill, print).code == RUN.attach(kill) == code


def test_a_timeout_ends_the_command_with_124_and_what_it_said():
    began = time.monotonic()
    done = RUN.read(sh("echo early; exec sleep 30"), timeout=0.3)
    assert (done.code, done.out) == (124, "early\n")
    assert time.monotonic() - began < 5


def test_without_a_file_it_reads_nothing():
    assert RUN.read(("cat",)).out == ""


def test_variables_are_added_to_ours(monkeypatch):
    monkeypatch.setenv("OURS", "1")
    assert RUN.read(sh("echo $OURS$THEIRS"), env={"THEIRS": "2"}).out == "12\n"


def test_the_directory_is_the_one_that_is_said(tmp_path):
    assert RUN.read(("pwd",), cwd=tmp_path).out == f"{tmp_path}\n"


def test_bytes_that_are_no_utf8_are_read_all_the_same():
    assert RUN.read(("printf", r"\377x")).out == "\N{REPLACEMENT CHARACTER}x"


def test_words_are_exact():
    assert RUN.read(("printf", "<%s>", "a b", "$c", "", "*", "d\ne")).out == "<a b><$c><><*><d\ne>"


@pytest.mark.parametrize("start", [RUN.read, RUN.change, RUN.attach, lambda argv: RUN.stream(argv, print)])
def test_a_missing_program_is_a_missing_part(start, tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("not executable")
    for program in ("/nowhere/program", str(plain)):
        with pytest.raises(MissingError, match=program) as caught:
            start((program, "word"))
        assert caught.value.exit_code == 6


def test_a_directory_that_is_gone_is_not_told_as_a_missing_program(tmp_path):
    with pytest.raises(Exception) as caught:
        RUN.read(("/bin/true",), cwd=tmp_path / "gone")
    assert "gone" in str(caught.value)


def test_dry_prints_changes_and_makes_none_but_still_reads(tmp_path, capfd):
    dry, path = Runner(dry=True), tmp_path / "a b"
    touch = ("touch", str(path))
    assert (dry.change(touch).code, dry.stream(touch, print).code, dry.attach(touch)) == (0, 0, 0)
    assert not path.exists()
    said = capfd.readouterr()
    assert said.err == f"touch '{path}'\n" * 3
    assert said.out == ""
    assert dry.read(("echo", "read")).out == "read\n"


def test_echo_prints_changes_and_makes_them(tmp_path, capfd):
    path = tmp_path / "x"
    assert Runner(echo=True).change(("touch", str(path))).ok
    assert path.exists()
    assert capfd.readouterr().err == f"touch {path}\n"


def test_each_line_of_a_stream_comes_from_both_outputs_as_it_is_written():
    seen = []
    done = RUN.stream(sh("echo one; echo two >&2; printf three; exit 4"), seen.append)
    assert seen == ["one", "two", "three"]
    assert (done.code, done.err) == (4, "one\ntwo\nthree")


def test_the_tail_of_a_stream_is_its_last_hundred_lines():
    done = RUN.stream(sh("i=0; while [ $i -lt 250 ]; do echo $i; i=$((i+1)); done"), lambda _: None)
    assert done.err.splitlines() == [str(number) for number in range(150, 250)]


def test_a_stream_that_is_interrupted_ends_its_command():
    def interrupt(_line):
        raise KeyboardInterrupt

    pids = []
    with pytest.raises(KeyboardInterrupt):
        RUN.stream(sh("echo $$; exec sleep 30"), lambda line: (pids.append(int(line)), interrupt(line)))
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_attaching_inherits_the_terminal_and_gives_the_status(capfd):
    assert RUN.attach(sh("echo shown; exit 5")) == 5
    assert capfd.readouterr().out == "shown\n"


def test_attaching_without_standard_input_reads_nothing(capfd):
    assert RUN.attach(("cat",), stdin=False) == 0
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_while_attached_calls_back_ends_the_command_and_is_the_status(number, code):
    called, before = [], signal.getsignal(number)
    sender = threading.Timer(0.3, os.kill, (os.getpid(), number))
    sender.start()
    assert RUN.attach(("sleep", "30"), on_interrupt=lambda: called.append(1)) == code
    assert called == [1]
    assert signal.getsignal(number) == before


def test_a_command_that_ignores_the_end_is_ended_all_the_same(monkeypatch):
    line = sh("trap '' TERM; echo ready; while :; do sleep 0.1; done")
    waits = []
    real = subprocess.Popen.wait

    def wait(self, timeout=None):
        waits.append(timeout)
        return real(self, 0.2 if timeout else None)

    monkeypatch.setattr(subprocess.Popen, "wait", wait)

    def interrupt(_line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RUN.stream(line, interrupt)
    assert 5 in waits


def test_a_command_line_can_be_pasted_into_a_shell():
    assert Result(("printf", "a b", "$c"), 0).command == "printf 'a b' '$c'"


def test_all_that_a_command_writes_is_received_with_its_errors():
    seen = []
    done = RUN.receive(
        sh("head -c 3000000 /dev/zero; echo said >&2; exit 3"), lambda stream: seen.append(stream.read())
    )
    assert (done.code, done.err) == (3, "said\n")
    assert seen == [bytes(3_000_000)]


def test_a_command_reads_all_that_is_sent_and_its_errors_come_back(tmp_path):
    into = sh('cat > "$1"; echo done >&2; exit 3', str(tmp_path / "f"))
    done = RUN.send(lambda stream: stream.write(b"x" * 3_000_000), into)
    assert (done.code, done.err) == (3, "done\n")
    assert (tmp_path / "f").read_bytes() == b"x" * 3_000_000


def test_what_nobody_wants_ends_the_command_that_writes_it():
    assert RUN.receive(sh("exec cat /dev/zero"), lambda stream: stream.read(10)).code == 141


def test_a_command_that_goes_on_without_a_reader_is_ended(monkeypatch):
    real = subprocess.Popen.wait
    monkeypatch.setattr(subprocess.Popen, "wait", lambda self, timeout=None: real(self, timeout and 0.2))
    assert RUN.receive(sh("echo x; exec sleep 30"), lambda stream: stream.read(1)).code == 143


def test_a_command_that_reads_no_more_says_why():
    def give(stream):
        while True:
            stream.write(bytes(2**20))

    done = RUN.send(give, sh("echo full >&2; exit 2"))
    assert (done.code, done.err) == (2, "full\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_pipe_leaves_no_command_behind(tmp_path, error):
    def interrupt(stream):
        if stream.writable():
            stream.write(bytes(10))
        raise error

    marker = str(tmp_path / "unique")
    with pytest.raises(error):
        RUN.receive(sh("cat /dev/zero", marker), interrupt)
    with pytest.raises(error):
        RUN.send(interrupt, sh("sleep 30; cat > /dev/null", marker))
    left = subprocess.run(["pgrep", "-f", marker], capture_output=True, check=False)
    assert left.stdout == b""


def test_an_interrupt_does_not_wait_for_a_command_that_does_not_read():
    def give(stream):
        stream.write(bytes(2**17))  # more than a pipe holds, less than is kept
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RUN.send(give, ("sleep", "30"))


def test_the_errors_of_a_piped_command_are_bounded():
    done = RUN.receive(sh("head -c 1000000 /dev/zero >&2; echo why >&2"), lambda stream: stream.read())
    assert done.err.endswith("why\n")
    assert len(done.err) <= 2**14


@pytest.fixture
def megabytes(tmp_path):
    path = tmp_path / "three"
    path.write_bytes(b"x" * 3_000_000)
    with path.open("rb", buffering=0) as file:
        yield file


def test_a_file_is_read_by_the_command_itself_and_its_position_tells_how_far_it_came(megabytes):
    done = RUN.change(sh("cat | wc -c; echo said >&2; exit 3"), file=megabytes)
    assert (done.code, done.out.strip(), done.err) == (3, "3000000", "said\n")
    assert megabytes.tell() == 3_000_000


def test_a_command_that_does_not_read_its_file_is_ended_after_its_time(megabytes):
    assert RUN.change(("sleep", "30"), file=megabytes, timeout=0.2).code == TIMED_OUT
    assert megabytes.tell() == 0


def test_a_missing_program_at_a_pipe_is_a_missing_part():
    with pytest.raises(MissingError):
        RUN.receive(("/nowhere/program",), print)
    with pytest.raises(MissingError):
        RUN.send(print, ("/nowhere/program",))


def test_a_dry_pipe_is_only_shown(capfd):
    dry = Runner(dry=True)
    assert dry.receive(sh("exit 1"), print).ok
    assert dry.send(print, sh("exit 1")).ok
    assert capfd.readouterr().err == "/bin/sh -c 'exit 1' sh\n" * 2


def test_output_without_end_is_an_error_and_ends_the_command(tmp_path):
    for line in ("exec cat /dev/zero", "exec cat /dev/zero >&2"):
        done = RUN.read(sh(f"echo $$ > '{tmp_path}/pid'; {line}"), timeout=60)
        assert (done.ok, done.code, done.out) == (False, 141, "")
        assert "16 MiB" in done.err
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)


def test_as_much_output_as_is_allowed_is_read_whole():
    assert len(RUN.read(sh(f"head -c {2**24} /dev/zero")).out) == 2**24


def test_a_timeout_also_ends_a_command_that_has_closed_its_output():
    assert RUN.read(sh("exec >&- 2>&-; exec sleep 30"), timeout=0.3).code == 124


def test_a_line_without_end_comes_in_pieces():
    seen = []
    RUN.stream(sh("head -c 200000 /dev/zero"), seen.append)
    assert sum(map(len, seen)) == 200_000
    assert max(map(len, seen)) <= 2**16


@pytest.mark.timeout(60)
def test_what_a_command_leaves_behind_is_not_waited_for(tmp_path):
    """As `unshare --map-auto` does where it may not: its child keeps both outputs open for ever."""
    leaving = 'sleep 300 & echo $! >"$1"; echo one; echo two >&2; exit 3'
    left = tmp_path / "pid"
    try:
        done = RUN.read(sh(leaving, str(left)))
        assert (done.code, done.out, done.err) == (3, "one\n", "two\n")
        os.kill(int(left.read_text()), signal.SIGKILL)
        seen = []
        done = RUN.stream(sh(leaving, str(left)), seen.append)
        assert (done.code, seen) == (3, ["one", "two"])
    finally:
        os.kill(int(left.read_text()), signal.SIGKILL)


def test_what_a_command_writes_last_is_read_though_it_was_quiet_before():
    done = RUN.read(sh("sleep 2.5; printf late"))
    assert done.out == "late"


@pytest.mark.parametrize("path", [":{}", "{}:", ".:{}"])
def test_a_program_of_the_current_directory_is_never_run(tmp_path, monkeypatch, path):
    for directory, says in ((tmp_path / "project", "theirs"), (tmp_path / "bin", "ours")):
        directory.mkdir()
        (directory / "tool").write_text(f"#!/bin/sh\necho {says} $PATH\n")
        (directory / "tool").chmod(0o755)
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("PATH", path.format(tmp_path / "bin"))
    assert Runner().read(("tool",)).out == f"ours {tmp_path}/bin\n"
    assert Runner().read(("tool",), env={"X": "1"}).out == f"ours {tmp_path}/bin\n"


def test_a_process_that_no_signal_ends_is_left():
    """It waits in the kernel for a file system that does not answer; nobody waits with it."""
    signals = []

    class Waiting:
        returncode = None
        terminate, kill = (lambda _: signals.append("TERM")), (lambda _: signals.append("KILL"))

        def wait(self, timeout):
            raise subprocess.TimeoutExpired("x", timeout)

    runner._end(Waiting())
    assert signals == ["TERM", "KILL"]
    assert runner._exit_status(None) == 137
