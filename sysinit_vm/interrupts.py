"""SIGTERM while a command that we started has the terminal: the same as Ctrl-C, but with its own number."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Let `timeout 5 sysinit-vm exec …` end the guest's process too, as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(signal_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(128 + signal_number)

    previous_handler = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous_handler)
