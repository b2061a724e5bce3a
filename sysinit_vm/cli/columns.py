"""Plain text that fits the terminal: headings, paragraphs, and rows of two columns.

Help is shown more often than anything else, so it does without rich, which is slow to load.
"""

import os
import sys
import textwrap
from collections.abc import Sequence
from contextlib import suppress

_WIDEST = 100  # columns, because longer lines are hard to read
_WITHOUT_TERMINAL = 80  # columns


def width() -> int:
    """Return how many columns to fill: those of the terminal or COLUMNS, at most 100; 80 without a terminal."""
    return min(_columns(), _WIDEST)


def _columns() -> int:
    """As shutil.get_terminal_size, which loads what reads archives and so takes as long as all else of the help."""
    with suppress(ValueError):
        if (columns := int(os.environ.get("COLUMNS", ""))) > 0:
            return columns
    with suppress(OSError, ValueError):  # no terminal, or closed
        if (columns := os.get_terminal_size(sys.stdout.fileno()).columns) > 0:
            return columns
    return _WITHOUT_TERMINAL


def heading(text: str) -> str:
    """Return ``text``, in bold if stdout is a terminal that may have colours (https://no-color.org)."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty()
    return text if plain else f"\x1b[1m{text}\x1b[0m"


def paragraph(text: str, columns: int, *, first: str = "", rest: str = "") -> str:
    """Return ``text`` wrapped to ``columns``; ``first`` and ``rest`` begin its lines. No word is cut."""
    return textwrap.fill(
        text,
        max(columns, len(rest) + 20),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def rows(pairs: Sequence[tuple[str, str]], columns: int) -> str:
    """Return names and their texts side by side, or below each other if ``columns`` is too small."""
    left = max((len(name) for name, _ in pairs), default=0) + 4
    if left > columns // 2:
        return "\n".join(f"  {name}\n{paragraph(text, columns, first='      ', rest='      ')}" for name, text in pairs)
    return "\n".join(paragraph(text, columns, first=f"  {name}".ljust(left), rest=" " * left) for name, text in pairs)
