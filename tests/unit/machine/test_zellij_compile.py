"""The record of a compile; tests/cli/test_background_compile.py has the compile itself."""

import os

import pytest

from sysinit_vm.machine import zellij_compile
from sysinit_vm.machine.compile_log import CompileLog
from sysinit_vm.machine.compile_record import CompileRecord, Outcome
from sysinit_vm.machine.compile_state import CompileFiles


@pytest.mark.parametrize("damaged", [None, "", "[1]", '{"began": 1}', "x" * 2**17])
def test_a_record_that_was_lost_or_damaged_is_written_again(tmp_path, damaged):
    """Without it nobody would see the compile, nor stop it."""
    places = CompileFiles(*(tmp_path / name for name in ("record", "log", "stop", "lock")))
    with zellij_compile._recorded(places) as recorder:
        recorder.stage("compiling")
        recorder.look()
        assert CompileRecord.read(places.record) == recorder.record
        places.record.unlink()
        if damaged is not None:
            places.record.write_text(damaged)
        recorder.look()
        assert CompileRecord.read(places.record) == recorder.record
    assert not places.record.exists()


def test_a_log_that_is_a_fifo_holds_no_compile_up(tmp_path):
    os.mkfifo(tmp_path / "log")
    log = CompileLog(tmp_path / "log")
    log.clear()
    log.add("line")
    assert (tmp_path / "log").is_fifo()


def test_a_compile_that_is_asked_to_end_leaves_a_record_that_says_so(tmp_path):
    """Whoever asked may have gone by then: a process that stands still hears it late."""
    places = CompileFiles(*(tmp_path / name for name in ("record", "log", "stop", "lock")))
    with pytest.raises(KeyboardInterrupt), zellij_compile._recorded(places) as recorder:  # noqa: PT012
        places.stop.touch()
        recorder.look()
    assert CompileRecord.read(places.record).outcome is Outcome.STOPPED
    assert not places.stop.exists()


def test_an_interrupt_that_nobody_asked_for_is_no_stop(tmp_path):
    places = CompileFiles(*(tmp_path / name for name in ("record", "log", "stop", "lock")))
    with pytest.raises(KeyboardInterrupt), zellij_compile._recorded(places):
        raise KeyboardInterrupt
    assert CompileRecord.read(places.record).outcome is Outcome.NONE
