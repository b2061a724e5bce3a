import os
import signal
import threading
from contextlib import contextmanager

import pytest

from sysinit_vm.images.build_lock import exclusive_build
from sysinit_vm.interrupts import signals_as_interrupt

ENDS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])


@pytest.fixture(autouse=True)
def survived():
    """What ends a process ends no test here."""
    received = []
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before = {number: signal.signal(number, lambda number, _: received.append(number)) for number in numbers}
    yield received
    for number, handler in before.items():
        signal.signal(number, handler)


@ENDS
def test_what_ends_a_process_is_an_interrupt_with_its_number(number, survived):
    handler = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt) as caught, signals_as_interrupt():
        os.kill(os.getpid(), number)
    assert (caught.value.args, survived) == ((128 + number,), [])
    assert signal.getsignal(number) is handler


def test_a_second_hangup_does_not_cut_the_cleaning_up():
    """The kernel sends one to the terminal's processes, and the shell another one."""
    cleaned = []

    @contextmanager
    def cleaning():
        try:
            yield
        finally:
            os.kill(os.getpid(), signal.SIGHUP)
            cleaned.append(1)

    with pytest.raises(KeyboardInterrupt), signals_as_interrupt(), cleaning():
        os.kill(os.getpid(), signal.SIGHUP)
    assert cleaned == [1]


@ENDS
def test_what_is_ignored_stays_so_as_under_nohup(number):
    signal.signal(number, signal.SIG_IGN)
    with signals_as_interrupt():
        os.kill(os.getpid(), number)
        assert signal.getsignal(number) is signal.SIG_IGN
    assert signal.getsignal(number) is signal.SIG_IGN


def test_another_thread_has_no_signals():
    done = []

    def work():
        with signals_as_interrupt():
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]


@ENDS
def test_a_build_ends_as_by_ctrl_c(number, tmp_path):
    with pytest.raises(KeyboardInterrupt), exclusive_build(tmp_path, "debian"):
        os.kill(os.getpid(), number)
