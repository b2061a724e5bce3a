"""What is printed: messages on stderr, text and tables on stdout, and a live line on stderr.

The only module that imports rich, and the only one that prints. All text is escaped here and then styled, because it
may come from a guest, a config, a file name, a log or limactl.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from sysinit_vm.escaping import escaped, one_line
from sysinit_vm.executables import environment

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.text import Text

_BAR = 24  # characters
_NARROWEST_COLUMN = 11  # characters; a narrower column is never folded


class LiveLine(Protocol):
    """A line that is redrawn in place between ``start`` and ``stop``, which removes it."""

    def start(self) -> None:
        """Show the line."""

    def stop(self) -> None:
        """Remove the line."""


def say(text: str) -> None:
    """Print a message for the user on stderr; it may have several lines."""
    print(escaped(text), file=sys.stderr, flush=True)


def show(text: str) -> None:
    """Print on stdout what the user asked for; it may have several lines."""
    print(escaped(text), flush=True)


def control(sequences: str) -> None:
    """Send control sequences of our own to the terminal; nothing happens if neither stderr nor stdout is one."""
    for stream in (sys.stderr, sys.stdout):
        if stream.isatty():
            print(sequences, end="", file=stream, flush=True)
            return


def page(text: str) -> None:
    """Show ``text`` on the terminal with the user's pager, but with none that a guest wrote: it could show another."""
    from rich.console import Console
    from rich.text import Text

    console = Console()
    kept, trusted = dict(os.environ), environment()
    if set(trusted.get("PAGER", "")) & set("$`*?["):  # a shell would make another path of it
        del trusted["PAGER"]
    try:
        os.environ.clear()
        os.environ.update(trusted)  # rich asks pydoc, and that the environment
        with console.pager():
            console.print(Text(escaped(text)))
    finally:
        os.environ.clear()
        os.environ.update(kept)


def size() -> os.terminal_size:
    """Return the columns and rows of the terminal on which messages appear: that of stderr."""
    with suppress(OSError, ValueError):
        own = os.get_terminal_size(sys.stderr.fileno())
        if own.columns and own.lines:
            return own
    return shutil.get_terminal_size()


def wrapped(text: str, columns: int) -> list[str]:
    """Return the rows in which the one line ``text`` takes at most ``columns``: a wide character takes two of them."""
    from rich.console import Console
    from rich.text import Text

    rows = Text(text).wrap(Console(width=columns), columns, overflow="fold")
    return [row.plain.rstrip() for row in rows] or [""]


def live_line(text_of: Callable[[], str], share_of: Callable[[], float | None] = lambda: None) -> LiveLine:
    """Return a line on stderr that shows what ``text_of`` returns, asked four times a second.

    Before it stands a bar of what ``share_of`` returns (0 to 1), if that is not None.
    """
    from rich.console import Console
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    def line() -> "RenderableType":
        text, share = Text(one_line(text_of())), share_of()
        if share is None:
            return text
        row = Table.grid(padding=(0, 1))
        row.add_row(ProgressBar(total=1, completed=share, width=_BAR), text)
        return row

    return Live(
        get_renderable=line,
        console=Console(stderr=True),
        refresh_per_second=4,
        transient=True,
    )


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    folding: Sequence[str] | None = None,
    styles: Mapping[str, str] | None = None,
) -> None:
    """Print aligned columns on stdout; nothing is cut if stdout is not a terminal.

    ``styles`` has rich's style for each cell that is exactly that text, on a terminal that may have colours.

    On a narrow terminal the columns named in ``folding`` (default: all) continue on the next line. If the terminal is
    too narrow even for that, each row becomes a block of lines, one for each column.
    """
    cells = [[one_line(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        print("\n".join(_plain_lines([columns, *cells])))
        return
    from rich.console import Console
    from rich.text import Text

    styled = [[Text(cell, (styles or {}).get(cell, "")) for cell in row] for row in cells]
    Console().print(_grid(columns, styled, columns if folding is None else folding, Console().width))


def _plain_lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines that rich would make of ``rows``, which takes 40 ms to load: scripts call us often."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """Return how many columns ``text`` takes: a wide character takes two of them."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _grid(columns: Sequence[str], rows: Sequence[Sequence["Text"]], folding: Sequence[str], width: int) -> "Group":
    from rich.console import Group
    from rich.table import Table

    widths = {name: max(map(len, cells)) for name, *cells in zip(columns, columns, *rows, strict=True)}
    least_widths = {name: min(widths[name], _NARROWEST_COLUMN) if name in folding else widths[name] for name in columns}
    if sum(least_widths.values()) + 2 * (len(columns) - 1) > width:
        return _blocks(columns, rows)
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        grid.add_column(name, overflow="fold", no_wrap=name not in folding, min_width=least_widths[name])
    for row in rows:
        grid.add_row(*row)
    return Group(grid)


def _blocks(columns: Sequence[str], rows: Sequence[Sequence["Text"]]) -> "Group":
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
            block.add_row(Text(name), cell)
        blocks.append(Padding(block, (int(number > 0), 0, 0, 0)))
    return Group(*blocks)
