"""The stages of a long task, each with its time, on stderr."""

import sys
import time
from types import TracebackType
from typing import Protocol, Self

from sysinit_vm.escaping import one_line
from sysinit_vm.terminal.console import LiveLine, live_line, say

_NOTES_EVERY, _QUIET = 15, 60  # seconds between the lines of a stage if there is no terminal


class Stages(Protocol):
    """What a long task tells of itself: its stages, and how far the current one is."""

    def stage(self, text: str) -> None:
        """Begin the stage ``text``, which is one line; the same text again continues the stage."""

    def tell(self, note: str, *, share: float | None = None) -> None:
        """Say how far the current stage is: ``note``, such as ``3 of 9 packages``, and its ``share`` (0 to 1)."""


class Progress:
    """The stages of one long task, each shown with the seconds since the task began.

    On a terminal the current stage is a live line that ends in ``note``, with a bar if it is known how much is done.
    Elsewhere each stage is printed as a plain line when it begins, and its notes as further lines, not more often than
    every 15 seconds.
    """

    def __init__(self, title: str) -> None:
        self.title, self.current, self.note = one_line(title), "", ""
        self._share: float | None = None
        self._began, self._stage_began, self._printed = time.monotonic(), 0, 0
        self._live_line: LiveLine | None = None

    def __enter__(self) -> Self:
        say(self.title)
        if sys.stderr.isatty():
            self._live_line = live_line(self._live_text, lambda: self._share)
            self._live_line.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live_line:
            self._live_line.stop()
            self._print_finished("" if kind is None else " (stopped here)")

    @property
    def seconds(self) -> int:
        """Whole seconds since the task began."""
        return int(time.monotonic() - self._began)

    def stage(self, text: str) -> None:
        """Begin the stage ``text``, which is one line; the same text again continues the stage."""
        text = one_line(text)
        if text == self.current:
            return
        if self._live_line:
            self._print_finished()
        self.current, self.note, self._share, self._stage_began = text, "", None, self.seconds
        self._print_line()

    def tell(self, note: str, *, share: float | None = None) -> None:
        """Show ``note``, such as ``3 of 9 packages``, beside the current stage; ``share`` (0 to 1) of it is done."""
        self.note, self._share = one_line(note), share
        if self.seconds - self._printed >= _NOTES_EVERY:
            self._print_line()

    def remind(self) -> None:
        """Without a terminal, print the stage again if nothing was printed for a minute: a silent stage is alive."""
        if self.seconds - self._printed >= _QUIET:
            self._print_line()

    def _print_line(self) -> None:
        if not self._live_line:
            self._printed = self.seconds
            say(f"  [{self.seconds:3d}s] {self.current}{self.note and f': {self.note}'}")

    def _print_finished(self, suffix: str = "") -> None:
        if self.current:
            duration = self.seconds - self._stage_began
            say(f"  [{self.seconds:3d}s] {self.current}{suffix or f' ({duration}s)'}")

    def _live_text(self) -> str:
        return f"  [{self.seconds:3d}s] {self.current or self.title} … {self.note}".rstrip()
