"""The pictures of the docs show the present output; and how a screen becomes one."""

from pathlib import Path

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages import screen
from sysinit_vm.inventory import listing

DOCS = Path(__file__).parents[2] / "docs"


def shown(text, columns=60):
    terminal = pyte.Screen(columns, 5)
    pyte.Stream(terminal).feed(text)
    return screen.svg(terminal, "a title", "x")


def test_the_list_in_the_picture_has_the_present_columns():
    told = screen.words((DOCS / "list.svg").read_text())
    assert " ".join(["$ sysinit-vm list", *listing.MACHINE_COLUMNS]) in told, "inv docs.pictures"
    assert "myapp-dev Running" in told
    assert "blog-dev Stopped" in told


def test_the_session_in_the_picture_is_the_projects():
    told = screen.words((DOCS / "session.svg").read_text())
    assert "Zellij (myapp)" in told
    assert "session myapp of myapp" in told


@pytest.mark.parametrize("name", ["list", "session"])
def test_the_readme_shows_it(name):
    assert f"](docs/{name}.svg)" in (DOCS.parent / "README.md").read_text()


def test_a_screen_keeps_its_words_and_colours():
    made = shown("\x1b[1mNAME\x1b[0m  \x1b[32mrunning\x1b[0m\r\n  < & >\r\n\x1b[38;2;1;2;3mown\x1b[0m")
    assert screen.words(made).endswith("NAME running < & > own")
    assert "#98c379" in made
    assert "#010203" in made
    assert "font-weight: bold" in made


def test_a_picture_fetches_nothing():
    made = shown("a")
    assert "url(http" not in made
    assert "font-family: Fira Code" in made


def test_what_only_patched_fonts_have_is_left_out():
    assert "\ue0b0" not in shown("a\ue0b0b")


@given(st.lists(st.text("abc<>&\u2502 ", max_size=40).map(str.rstrip), max_size=5))
def test_no_word_of_a_screen_is_lost(lines):
    told = screen.words(shown("\r\n".join(lines)))
    assert told.replace(" ", "").endswith("".join(lines).replace(" ", ""))
