"""What is repeated while a long call runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def repeat_every(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """Call ``act`` every ``seconds``, from a thread of its own, until the block ends; ``act`` must not raise."""
    stop = Event()

    def repeat() -> None:
        while not stop.wait(seconds):
            act()

    thread = Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
