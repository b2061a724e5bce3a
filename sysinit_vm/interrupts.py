"""What ends a process by default, while it has something to clean up: the same as Ctrl-C, but with its own number."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)  # a closed terminal is SIGHUP, its Ctrl-\ SIGQUIT


@contextmanager
def signals_as_interrupt() -> Iterator[None]:
    """Let `timeout 5 sysinit-vm exec …` end the guest's process too, and a closed terminal, as Ctrl-C does.

    SIGTERM, SIGHUP or SIGQUIT raises KeyboardInterrupt(128+n) in the block. One that is ignored stays so, as under
    nohup. Nothing happens in another thread than the main one, which has no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(signal_number: int, _frame: FrameType | None) -> None:
        if signal_number == signal.SIGHUP:  # the kernel and the shell both send it: the second must not cut the cleanup
            signal.signal(signal.SIGHUP, lambda *_: None)
        raise KeyboardInterrupt(128 + signal_number)

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    taken = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    try:
        for number in taken:
            signal.signal(number, interrupt)
        yield
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)
