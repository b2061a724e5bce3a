"""Stages and their notes, where there is no terminal and where there is one."""

import re

import pytest

from sysinit_vm.terminal import progress
from sysinit_vm.terminal.progress import Progress


def said(capsys):
    return re.sub(r"\[ *\d+s\]", "[0s]", capsys.readouterr().err).splitlines()


@pytest.fixture
def clock(monkeypatch):
    """The seconds that have passed, as the test says."""
    passed = [0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: passed[0])
    return passed


def test_without_a_terminal_each_stage_is_a_line_and_its_notes_now_and_then(capsys, clock):
    with Progress("Building") as work:
        work.stage("compiling")
        work.tell("1 of 9 crates")
        clock[0] = 15
        work.tell("3 of 9 crates")
        clock[0] = 29
        work.tell("4 of 9 crates")
        work.stage("compiling")
        work.stage("packing")
    assert said(capsys) == ["Building", "  [0s] compiling", "  [0s] compiling: 3 of 9 crates", "  [0s] packing"]


def test_without_a_terminal_a_silent_stage_shows_that_it_is_alive(capsys, clock):
    with Progress("Building") as work:
        work.stage("compiling")
        work.tell("1 of 9 crates")
        for clock[0] in (30, 60, 90, 119, 120):
            work.remind()
    assert capsys.readouterr().err.splitlines()[2:] == [
        "  [ 60s] compiling: 1 of 9 crates",
        "  [120s] compiling: 1 of 9 crates",
    ]


def test_a_stage_is_one_line_whatever_a_file_is_called(capsys, clock):
    with Progress("Copying a\nb") as work:
        work.stage("x\x1b[2J\nVM ready")
        clock[0] = 20
        work.tell("\x9b31m\n")
    assert said(capsys) == [
        r"Copying a\nb",
        r"  [0s] x\x1b[2J\nVM ready",
        r"  [0s] x\x1b[2J\nVM ready: \x9b31m\n",
    ]


class Live:
    def start(self):
        """As rich's."""

    stop = start


def test_on_a_terminal_a_note_is_in_thelive_line_and_scrolls_nothing(capsys, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    shown = []
    monkeypatch.setattr(progress, "live_line", lambda text_of, _: shown.append(text_of) or Live())
    with Progress("Building") as work:
        work.stage("compiling")
        work.tell("3 of 9 crates")
        assert shown[0]().endswith("compiling … 3 of 9 crates")
        work.remind()
        work.stage("packing")
        assert shown[0]().endswith("packing …")
    assert said(capsys) == ["Building", "  [0s] compiling (0s)", "  [0s] packing (0s)"]


def test_on_a_terminal_how_much_is_done_is_a_bar_until_the_next_stage(capsys, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    shares = []
    monkeypatch.setattr(progress, "live_line", lambda _, share_of: shares.append(share_of) or Live())
    with Progress("Lima") as work:
        work.stage("downloading")
        assert shares[0]() is None
        work.tell("5.0 of 10.0 MB", share=0.5)
        assert shares[0]() == 0.5
        work.stage("unpacking")
        assert shares[0]() is None


def test_before_the_first_stage_the_live_line_says_what_the_task_is(capsys, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    shown = []
    monkeypatch.setattr(progress, "live_line", lambda text_of, _: shown.append(text_of) or Live())
    with Progress("Building the Debian image"):
        assert shown[0]().endswith("] Building the Debian image …")
