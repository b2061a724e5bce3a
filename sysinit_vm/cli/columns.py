"""Plain text that fits the terminal: headings, paragraphs, and rows of two columns.

Help is shown more often than anything else, and is built without rich, which takes longer to load than to use here.
"""

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence

_WIDEST, _ELSEWHERE = 100, 80  # longer lines are hard to read; what is no terminal gets the usual width


def width() -> int:
    """Return the columns to be filled: the terminal's (or those of COLUMNS), at most 100; 80 elsewhere."""
    return min(shutil.get_terminal_size((_ELSEWHERE, 24)).columns, _WIDEST)


def heading(text: str) -> str:
    """Return ``text`` in bold where stdout is a terminal that may be given colours (https://no-color.org)."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty()
    return text if plain else f"\x1b[1m{text}\x1b[0m"


def paragraph(text: str, columns: int, *, first: str = "", rest: str = "") -> str:
    """Return ``text`` in lines of ``columns``, which begin with ``first`` and ``rest``; no word is cut."""
    return textwrap.fill(
        text,
        max(columns, len(rest) + 20),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def rows(pairs: Sequence[tuple[str, str]], columns: int) -> str:
    """Return names and their texts side by side, or below each other where ``columns`` are too few for that."""
    left = max((len(name) for name, _ in pairs), default=0) + 4
    if left > columns // 2:
        return "\n".join(f"  {name}\n{paragraph(text, columns, first='      ', rest='      ')}" for name, text in pairs)
    return "\n".join(paragraph(text, columns, first=f"  {name}".ljust(left), rest=" " * left) for name, text in pairs)
