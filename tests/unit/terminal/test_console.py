"""Everything that is printed is escaped here, whoever calls."""

import io
import subprocess
import sys

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sysinit_vm.terminal import console

HARM = "\x1b]52;c;x\x07\x9b31m\u202e\r"
SHOWN = r"\x1b]52;c;x\x07\x9b31m\u202e\r"


def test_messages_keep_their_lines_and_nothing_that_a_terminal_obeys(capsys):
    console.say(f"one\n\ttwo {HARM}")
    console.show(f"three\n{HARM}")
    assert capsys.readouterr() == (f"three\n{SHOWN}\n", f"one\n\ttwo {SHOWN}\n")


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("columns", ["200", "30"])
def test_a_cell_is_one_line_of_text_that_is_never_markup(monkeypatch, terminal, columns):
    stdout = io.StringIO()
    stdout.isatty = lambda: terminal
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stdout", stdout)
    console.table(("NAME", "WHY"), [(HARM, "a\nb\u2028"), ("[red]x[/red]", "")])
    shown = stdout.getvalue()
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert r"a\nb\u2028" in shown
    assert "[red]x[/red]" in shown
    assert SHOWN in "".join(shown.split()) or columns == "30"


@pytest.mark.parametrize(
    ("terminal", "environment", "colour"),
    [(True, {}, True), (True, {"NO_COLOR": "1"}, False), (True, {"TERM": "dumb"}, False), (False, {}, False)],
)
def test_a_cell_of_a_style_has_its_colour_only_where_colours_are_wanted(monkeypatch, terminal, environment, colour):
    stdout = io.StringIO()
    stdout.isatty = lambda: terminal
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"COLUMNS": "80", "TERM": "xterm-256color", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", stdout)
    console.table(("WHAT", ""), [("WRONG qemu", "WRONG"), ("ssh", "ok")], styles={"WRONG": "red"})
    assert ("\x1b[31mWRONG" in stdout.getvalue()) is colour
    assert "\x1b[31mWRONG qemu" not in stdout.getvalue()


def test_a_live_line_is_one_line_of_text():
    line = console.live_line(lambda: f"copying {HARM}\n")
    output = io.StringIO()
    Console(file=output, width=200).print(line.get_renderable())
    assert output.getvalue() == f"copying {SHOWN}\\n\n"


@pytest.mark.parametrize(("share", "bar"), [(None, False), (0.5, True)])
def test_a_line_has_a_bar_only_where_it_is_known_how_much_is_done(share, bar):
    line = console.live_line(lambda: "downloading\n\x1b[2J", lambda: share)
    output = io.StringIO()
    Console(file=output, width=80).print(line.get_renderable())
    assert "downloading\\n\\x1b[2J" in output.getvalue()
    assert ("━" in output.getvalue()) is bar


def test_a_table_that_is_no_terminals_has_richs_columns_without_loading_it(capsys):
    rows = [("demo-dev", "", "/home/zoë/demo"), ("a", "漢字 [b]", "x"), ("e\u0301", "-", "")]
    console.table(("NAME", "WHY", "PROJECT"), rows)
    grid = Table(box=None, pad_edge=False)
    for name in ("NAME", "WHY", "PROJECT"):
        grid.add_column(name)
    for row in rows:
        grid.add_row(*map(Text, row))
    output = io.StringIO()
    Console(file=output, width=1000).print(grid)
    expected = [line.rstrip() for line in output.getvalue().splitlines()]
    assert capsys.readouterr().out.splitlines() == expected


def test_a_plain_table_loads_no_rich():
    line = "import sys; from sysinit_vm.terminal import console; console.table(('A',), [('x',)]); print('rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["A", "x", "False"]
