"""The only module that imports rich: stages with their time, and tables.

Stages are talk and go to stderr; a table is data and goes to stdout.
"""

import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

_FOLDED = 11  # characters, below which a column is not folded
_ENDLESS = 100_000  # characters in a line where that is no terminal's


def say(text: str) -> None:
    """Tell the user one thing, on stderr."""
    print(text, file=sys.stderr, flush=True)


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
            self._live = _live_line(self._live_text)
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


def _live_line(text_of: Callable[[], str]) -> "Live":
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    return Live(
        get_renderable=lambda: Text(text_of()),
        console=Console(stderr=True),
        refresh_per_second=4,
        transient=True,
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], folding: Sequence[str] | None = None) -> None:
    """Print aligned columns on stdout; nothing is cut where that is no terminal.

    On a narrow terminal the columns named in ``folding`` (default: all) go on in the next line; where too little
    is left even for that, each row is a block of lines, one for each column.
    """
    from io import StringIO

    from rich.console import Console

    if sys.stdout.isatty():
        Console().print(_grid(columns, rows, columns if folding is None else folding, Console().width))
        return
    text = StringIO()
    Console(file=text, width=_ENDLESS).print(_grid(columns, rows, (), _ENDLESS))
    print("\n".join(line.rstrip() for line in text.getvalue().splitlines()))


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]], folding: Sequence[str], width: int) -> "Group":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    longest = {name: max(map(len, cells)) for name, *cells in zip(columns, columns, *rows, strict=True)}
    least = {name: min(longest[name], _FOLDED) if name in folding else longest[name] for name in columns}
    if sum(least.values()) + 2 * (len(columns) - 1) > width:
        return _blocks(columns, rows)
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        grid.add_column(name, overflow="fold", no_wrap=name not in folding, min_width=least[name])
    for row in rows:
        grid.add_row(*map(Text, row))
    return Group(grid)


def _blocks(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> "Group":
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    blocks = []
    for number, row in enumerate(rows):
        block = Table(box=None, pad_edge=False, show_header=False)
        block.add_column(style="bold")
        block.add_column(overflow="fold")
        for name, cell in zip(columns, row, strict=True):
            block.add_row(Text(name), Text(cell))
        blocks.append(Padding(block, (int(number > 0), 0, 0, 0)))
    return Group(*blocks)
