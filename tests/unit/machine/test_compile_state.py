"""What others see of a compile, whatever is left of it."""

import time

import pytest

from sysinit_vm import lock
from sysinit_vm.machine import compile_state
from sysinit_vm.machine.compile_log import CompileLog
from sysinit_vm.machine.compile_record import CompileRecord, Outcome, clock
from sysinit_vm.machine.compile_state import CompileFiles


@pytest.fixture
def places(machine):
    machine.host.cache.mkdir()
    return CompileFiles.of(machine.host)


RECORD = CompileRecord(time.time(), 7, "compiling Zellij", "3 of 9 steps: mio")


def test_a_record_is_read_as_it_was_written(places):
    failed = RECORD.at_end(Outcome.FAILED, "no linker")
    failed.write(places.record)
    assert CompileRecord.read(places.record) == failed
    assert places.record.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "7", '{"began": "x"}', '{"began": Infinity, "pid": 1e999}', "\x00" * 70000]
)
def test_what_is_no_record_says_nothing(machine, places, text):
    places.record.write_text(text)
    assert compile_state.state(machine.host) is None


def test_one_that_goes_on_is_one_whose_lock_is_held(machine, places):
    RECORD.write(places.record)
    assert not compile_state.is_running(machine.host)
    with lock.held_if_free(places.lock) as free:
        assert free
        now = compile_state.state(machine.host)
        assert now.running
        assert now.text == f"it is being compiled since {clock(RECORD.began)}: compiling Zellij: 3 of 9 steps: mio"
        assert now.sentence.endswith("Stop it: sysinit-vm setup --stop")
        assert now.data()["state"] == "running"
    assert compile_state.state(machine.host).data()["state"] == "cut off"


def test_an_ended_one_is_told_until_there_is_a_zellij(machine, places):
    RECORD.at_end(Outcome.FAILED, "no linker.").write(places.record)
    sentence = compile_state.state(machine.host).sentence
    assert f": no linker; its log: {places.log}. Go on: sysinit-vm setup" in sentence
    machine.ours()
    assert compile_state.state(machine.host) is None


def test_a_time_of_another_day_has_its_date():
    now = time.time()
    assert clock(now) == time.strftime("%H:%M", time.localtime(now))
    assert clock(0.0).startswith(time.strftime("%Y-", time.localtime(0)))
    assert clock(1e300) == "an unknown time"


def test_ctrl_c_tells_of_a_compile_only_if_it_goes_on(machine, places, capsys):
    def interrupt():
        with pytest.raises(KeyboardInterrupt), compile_state.interrupts_told(machine.host):
            raise KeyboardInterrupt
        return capsys.readouterr().err

    RECORD.write(places.record)
    assert interrupt() == ""
    with lock.held_if_free(places.lock):
        assert interrupt() == f"{compile_state.GOES_ON}\n"


def test_a_log_keeps_its_end_and_shows_no_terminal_anything_to_obey(places):
    log = CompileLog(places.log)
    for number in range(30000):
        log.add(f"line {number} of a compile that says much \x1b[31m")
    assert places.log.stat().st_size < 1.1 * 2**20
    assert places.log.read_text().splitlines()[-1] == r"line 29999 of a compile that says much \x1b[31m"
    log.clear()
    assert places.log.read_text() == ""
