import errno
import subprocess
import sys

import pytest

from sysinit_vm import quick
from sysinit_vm.cli import help_text

HEAVY = {"invoke", "yaml", "dataclasses", "subprocess", "sysinit_vm.tasks"}


def modules_of(words):
    line = f"import sys; from sysinit_vm import quick; assert quick.answer({words!r}); print(*sys.modules, file=sys.stderr)"
    return set(subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True).stderr.split())


@pytest.mark.parametrize(
    "words", [[], ["help"], ["help", "rm"], ["--complete", "--", ""], ["--complete", "--", "up", "-"]]
)
def test_it_answers_without_what_is_slow_to_load(words):
    assert not HEAVY & modules_of(words)


@pytest.mark.parametrize(
    "words",
    [["status"], ["help", "nonsense"], ["help", "--all"], ["help", "stop", "start"], ["start", "--help"], ["-h", "x"]],
)
def test_all_else_is_left_to_the_program(words, capsys):
    assert not quick.answer(words)
    assert capsys.readouterr().out == ""


def test_names_that_cannot_be_read_are_not_offered(monkeypatch, capsys):
    monkeypatch.setenv("LIMA_HOME", "relative")
    assert quick.answer(["--complete", "--", "start", "--name", ""])
    assert capsys.readouterr().out == ""


def test_a_reader_that_has_gone_is_no_failure():
    line = "import sys; from sysinit_vm import quick; sys.exit(0 if quick.answer(['help']) else 3)"
    with subprocess.Popen([sys.executable, "-c", line], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == b""


def test_an_output_that_cannot_be_written_is_left_to_the_program(monkeypatch):
    def full(_text):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(help_text, "page", full)
    assert not quick.answer(["help"])
