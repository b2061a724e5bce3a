"""Stages and their notes, where there is no terminal and where there is one."""

import re

from sysinit_vm.terminal import progress
from sysinit_vm.terminal.progress import Progress


def said(capsys):
    return re.sub(r"\[ *\d+s\]", "[0s]", capsys.readouterr().err).splitlines()


def test_without_a_terminal_each_stage_and_each_note_is_a_line(capsys):
    with Progress("Building") as work:
        work.stage("compiling")
        work.tell("line 7")
        work.stage("compiling")
        work.stage("packing")
    assert said(capsys) == ["Building", "  [0s] compiling", "  [0s] compiling: line 7", "  [0s] packing"]


def test_a_stage_is_one_line_whatever_a_file_is_called(capsys):
    with Progress("Copying a\nb") as work:
        work.stage("x\x1b[2J\nVM ready")
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
    monkeypatch.setattr(progress, "live_line", lambda text_of: shown.append(text_of) or Live())
    with Progress("Building") as work:
        work.stage("compiling")
        work.tell("line 7")
        assert shown[0]().endswith("compiling … line 7")
        work.stage("packing")
        assert shown[0]().endswith("packing …")
    assert said(capsys) == ["Building", "  [0s] compiling (0s)", "  [0s] packing (0s)"]
