"""The stages of long work, each with its time, on stderr."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sysinit_vm.terminal.console import live_line, say

if TYPE_CHECKING:
    from rich.live import Live


class Progress:
    """Stages of one long piece of work, each shown with the seconds since its beginning.

    On a terminal the present stage is a live line, which ends in ``note``; elsewhere each stage is a plain line as it
    begins.
    """

    def __init__(self, title: str) -> None:
        self.title, self.current, self.note = title, "", ""
        self._began, self._stage_began = time.monotonic(), 0
        self._live: Live | None = None

    def __enter__(self) -> Self:
        say(self.title)
        if sys.stderr.isatty():
            self._live = live_line(self._live_text)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()
            self._print_finished("" if kind is None else " (stopped here)")

    @property
    def seconds(self) -> int:
        """Whole seconds since the work began."""
        return int(time.monotonic() - self._began)

    def stage(self, text: str) -> None:
        """Begin a stage; a repeated text is the same stage."""
        if text == self.current:
            return
        if self._live:
            self._print_finished()
        else:
            say(f"  [{self.seconds:3d}s] {text}")
        self.current, self.note, self._stage_began = text, "", self.seconds

    def tell(self, note: str) -> None:
        """Show ``note`` beside the present stage: in the live line on a terminal, elsewhere as a line of its own."""
        self.note = note
        if not self._live:
            say(f"  [{self.seconds:3d}s] {self.current}: {note}")

    def _print_finished(self, suffix: str = "") -> None:
        if self.current:
            took = self.seconds - self._stage_began
            say(f"  [{self.seconds:3d}s] {self.current}{suffix or f' ({took}s)'}")

    def _live_text(self) -> str:
        return f"  [{self.seconds:3d}s] {self.current} … {self.note}".rstrip()
