import errno
import subprocess
import sys

import pytest

from sysinit_vm import __version__, quick

HEAVY = {"invoke", "yaml", "dataclasses", "subprocess", "sysinit_vm.tasks", "pathlib", "shutil"}
HELP = {"textwrap", "sysinit_vm.cli.help_text"}


def modules_of(words):
    line = f"import sys; from sysinit_vm import quick; assert quick.answer({words!r}); print(*sys.modules, file=sys.stderr)"
    return set(subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True).stderr.split())


@pytest.mark.parametrize(
    "words",
    [[], ["help"], ["help", "rm"], ["--complete", "--", ""], ["--complete", "--", "up", "-"], ["--version"], ["-V"]],
)
def test_it_answers_without_what_is_slow_to_load(words):
    assert not HEAVY & modules_of(words)


@pytest.mark.parametrize("words", [["--complete", "--", "st"], ["--version"]])
def test_a_completion_and_the_version_load_nothing_of_the_help(words):
    assert not HELP & modules_of(words)


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_is_the_packages(capsys, word):
    assert quick.answer([word])
    assert capsys.readouterr().out == f"sysinit-vm {__version__}\n"


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
    def full(_text, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("builtins.print", full)
    assert not quick.answer(["help"])
