import errno
import fcntl
import json
import os
import subprocess
import sys
from contextlib import ExitStack

import pytest

from sysinit_vm import hints, lock
from sysinit_vm.errors import VmError
from sysinit_vm.terminal.progress import Progress


def test_a_lock_that_cannot_be_written_says_where(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "x.lock"  # as on a read-only file system: the system refuses
    with pytest.raises(VmError, match="Cannot write") as caught, lock.held(path, "Waiting"):
        pass
    assert str(path) in caught.value.brief
    assert "df" in caught.value.hint


def test_a_lock_that_cannot_be_opened_counts_as_held(tmp_path):
    (tmp_path / "x.lock").mkdir()
    assert lock.is_held(tmp_path / "x.lock")


def test_a_lock_that_is_held_is_not_waited_for(tmp_path):
    path = tmp_path / "new" / "x.lock"
    with lock.held_if_free(path) as first:
        with lock.held_if_free(path) as second:
            assert (first, second) == (True, False)
        assert lock.is_held(path)
    assert not lock.is_held(path)


@pytest.fixture
def waited_for(tmp_path, monkeypatch, capsys):
    """Wait for a lock that is held, and return what was said; let it go as soon as that is said."""

    def wait(before=lambda path: None, **options):
        path = tmp_path / "x.lock"
        held = ExitStack()
        held.enter_context(lock.held(path, "Waiting"))
        before(path)
        monkeypatch.setattr(lock, "say", lambda text: (print(text, file=sys.stderr), held.close()))
        with lock.held(path, "Waiting for another.", **options) as waited:
            assert waited
        return capsys.readouterr().err

    return wait


def test_who_waits_is_told_which_command_holds_the_lock_and_how_to_end_it(waited_for, monkeypatch):
    monkeypatch.setattr(lock, "time", lambda: 1000.0)
    monkeypatch.setattr(hints, "typed_verb", lambda: "up")
    said = waited_for(lambda path: monkeypatch.setattr(lock, "time", lambda: 1250.0))
    assert said == (
        f"Waiting for another.\n  It is `sysinit-vm up`, process {os.getpid()}, for 4 minutes. "
        "Ctrl-C in its terminal ends it; Ctrl-C here ends only the wait.\n"
    )


def test_a_wait_is_repeated_and_ends_with_who_holds_the_lock_and_what_to_type(tmp_path, monkeypatch, capsys):
    """Its holder may be stopped: Ctrl-Z, or a SIGSTOP."""
    monkeypatch.setattr(lock, "_REPEATED", 0.01)
    monkeypatch.setattr(lock, "_WORDS", 3)
    path = tmp_path / "x.lock"
    with (
        lock.held(path, "Waiting"),
        pytest.raises(VmError, match="has not ended") as caught,
        lock.held(path, "Waiting for another."),
    ):
        pass
    me = os.getpid()
    assert capsys.readouterr().err.count(f"Waiting for another.\n  It is process {me},") == 3
    assert caught.value.detail.startswith(f"It is process {me}, for ")
    assert caught.value.hint == f"ps -f -p {me}; if it is stopped: kill -CONT {me}"


def test_a_wait_for_a_lock_that_does_not_say_who_holds_it_ends_too(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_REPEATED", 0.01)
    monkeypatch.setattr(lock, "_WORDS", 1)
    path = tmp_path / "x.lock"
    with lock.held(path, "Waiting"):
        path.write_text("")
        with pytest.raises(VmError) as caught, lock.held(path, "Waiting for another."):
            pass
    assert (caught.value.detail, caught.value.hint) == (f"It holds {path}.", f"lsof {path}")


@pytest.mark.parametrize("hold", [lambda path: lock.held(path, "Waiting"), lock.held_if_free])
def test_a_file_system_without_locks_is_an_error_and_no_wait(tmp_path, monkeypatch, hold):
    """The file itself is no lock: the command before has left it."""
    path = tmp_path / "x.lock"
    path.touch()

    def refuse(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(lock, "say", pytest.fail)
    with pytest.raises(VmError, match="Function not implemented") as caught, hold(path):
        pass
    assert str(path) in caught.value.brief
    assert lock.is_held(path)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0 seconds"), (1, "1 second"), (119, "119 seconds"), (120, "2 minutes"), (7300, "2 hours")],
)
def test_since_when_it_is_held_is_told_in_whole_units(seconds, shown):
    assert lock.lasting(seconds) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '{"command": "up", "process": -1, "since": 1}',
        '{"command": "", "process": 1, "since": NaN}',
        '{"command": "up", "process": "x", "since": 0}',
        "\0",
    ],
)
def test_a_lock_file_that_does_not_say_who_holds_it_is_waited_for_all_the_same(waited_for, text):
    assert waited_for(lambda path: path.write_text(text)) == "Waiting for another.\n"


def test_a_process_that_has_ended_does_not_hold_it(waited_for):
    """Another one has taken the lock a moment ago."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    record = json.dumps({"command": "sysinit-vm up", "process": ended.pid, "since": 0})
    assert waited_for(lambda path: path.write_text(record)) == "Waiting for another.\n"


def test_while_it_is_waited_for_the_stage_says_so(waited_for, capsys):
    with Progress("Starting VM: demo-dev") as progress:
        waited_for(stages=progress, stage="waiting for the other build")
        assert progress.current == "waiting for the other build"
