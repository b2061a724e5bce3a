"""A terminal's screen as an SVG, by rich's own export."""

import html
import io
import itertools
import re
from typing import Any

from rich.color import ANSI_COLOR_NAMES, Color
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

# Calm colours, legible on light and dark pages alike.
_NORMAL = ["#3c4048", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#cdd1d8"]
_BRIGHT = ["#626874", "#f0828a", "#aad48c", "#f0d08c", "#7dc0f5", "#d491e8", "#6ec8d2", "#f0f2f5"]
THEME = TerminalTheme(
    (30, 33, 39),
    (205, 209, 216),
    [Color.parse(color).get_truecolor() for color in _NORMAL],
    [Color.parse(color).get_truecolor() for color in _BRIGHT],
)
_BOXES = frozenset(map(chr, range(0x2500, 0x2580)))
_WEB_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # a picture fetches nothing
_ONLY_IN_PATCHED_FONTS = dict.fromkeys(range(0xE0A0, 0xE0D8), " ")  # the arrows of Zellij's bars
# pyte's names (one of them misspelt) with rich's.
_RICH_NAMES = {"brown": "yellow", "brightbrown": "bright_yellow", "bfightmagenta": "bright_magenta"}


def svg(screen: Any, title: str, name: str) -> str:
    """Return ``screen``, a pyte screen, as an SVG without its empty last lines; ``name`` begins the ids in it."""
    console = Console(
        record=True, width=screen.columns, file=io.StringIO(), color_system="truecolor", legacy_windows=False
    )
    lines = [_line(screen, y) for y in range(screen.lines)]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)
    return _WEB_FONTS.sub("", console.export_svg(title=title, theme=THEME, unique_id=name))


def words(picture: str) -> str:
    """Return the text of an SVG, without its markup and in one line, with a space for each gap."""
    shown = re.findall(r"<text[^>]*>(.*?)</text>", picture, re.DOTALL)
    return " ".join(html.unescape(" ".join(shown)).split())


def _line(screen: Any, y: int) -> Text:
    """Return one line in pieces that the SVG puts at exact positions: leading spaces and box lines are their own."""
    text = Text(end="")
    cells = [screen.buffer[y][x] for x in range(screen.columns)]
    for (style, _), run in itertools.groupby(cells, lambda cell: (_style(cell), cell.data in _BOXES)):
        piece = "".join(cell.data for cell in run).translate(_ONLY_IN_PATCHED_FONTS)
        rest = piece.lstrip(" ")
        text.append(" " * (len(piece) - len(rest)), style).append(rest, style)
    text.rstrip()
    return text


def _style(cell: Any) -> Style:
    return Style(
        color=_color(cell.fg),
        bgcolor=_color(cell.bg),
        bold=cell.bold,
        italic=cell.italics,
        underline=cell.underscore,
        reverse=cell.reverse,
    )


def _color(name: str) -> str | None:
    if name == "default":
        return None
    rich_name = _RICH_NAMES.get(name, name.replace("bright", "bright_"))
    return rich_name if rich_name in ANSI_COLOR_NAMES else f"#{name}"
