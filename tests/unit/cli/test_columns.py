import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.cli import columns, index
from sysinit_vm.cli.help_text import of_command, overview

INDEX = index.read()
NAMES = list(INDEX.commands)


def shown(monkeypatch, width, name=None):
    monkeypatch.setenv("COLUMNS", str(width))
    return overview(INDEX) if name is None else of_command(INDEX, name)


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("name", [None, *NAMES])
def test_no_line_of_the_help_is_wider_than_the_terminal(monkeypatch, width, name):
    lines = shown(monkeypatch, width, name).splitlines()
    assert max(len(line) for line in lines) <= min(width, 100)
    assert not [line for line in lines if line != line.rstrip()]


def test_the_width_is_made_use_of(monkeypatch):
    narrow, usual, wide = (len(shown(monkeypatch, width).splitlines()) for width in (60, 80, 200))
    assert narrow > usual > wide


@pytest.mark.parametrize("width", [80, 200])
def test_each_command_is_one_line_of_the_overview(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    text = overview(INDEX, seldom=True)
    for name in NAMES:
        (line,) = [line for line in text.splitlines() if line.startswith("  ") and line.split()[0] == name]
        assert line.endswith(INDEX.commands[name].summary)


def test_the_overview_begins_with_up_and_leaves_the_commands_for_nixos_to_the_full_one(monkeypatch):
    seldom = {"rebuild", "build.dev", "build.minimal"}
    listed = [line.split()[0] for line in shown(monkeypatch, 80).splitlines() if line.startswith("  ")]
    assert listed[0] == "up"
    assert {name for name in NAMES if name not in listed} == seldom
    assert "help --all" in " ".join(shown(monkeypatch, 80).split())
    everything = overview(INDEX, seldom=True)
    assert all(f"\n  {name} " in everything for name in seldom)


@pytest.mark.parametrize(("text", "wide"), [("72", 72), ("300", 100), ("0", 80), ("wide", 80), ("", 80)])
def test_without_a_terminal_columns_are_those_of_the_environment_or_80(monkeypatch, capfd, text, wide):
    monkeypatch.setenv("COLUMNS", text)
    assert columns.width() == wide


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "bold"),
    [
        (Screen(), {}, True),
        (Screen(), {"NO_COLOR": "1"}, False),
        (Screen(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_headings_are_bold_only_where_colours_are_wanted(monkeypatch, stream, environment, bold):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", stream)
    assert ("\x1b[1mUsage:\x1b[0m" in shown(monkeypatch, 80)) is bold
    assert ("\x1b" in shown(monkeypatch, 80, "start")) is bold


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=18)


@given(st.lists(st.tuples(WORDS, st.lists(WORDS, min_size=1).map(" ".join)), min_size=1), st.integers(30, 120))
def test_rows_lose_no_word_and_keep_their_order(pairs, width):
    told = columns.rows(pairs, width)
    assert told.split() == [word for name, text in pairs for word in (name, *text.split())]


@given(st.lists(st.tuples(WORDS, st.lists(WORDS, min_size=1).map(" ".join)), min_size=1), st.integers(60, 120))
def test_rows_keep_to_the_width(pairs, width):
    assert max(map(len, columns.rows(pairs, width).splitlines())) <= width
