"""The only module that imports rich: messages on stderr, tables on stdout, and a live line."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

_FOLDED = 11  # characters, below which a column is not folded
_ENDLESS = 100_000  # characters in a line where that is no terminal's


def say(text: str) -> None:
    """Tell the user one thing, on stderr."""
    print(text, file=sys.stderr, flush=True)


def live_line(text_of: Callable[[], str]) -> "Live":
    """Return a line on stderr that shows what ``text_of`` returns, until it is stopped."""
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
