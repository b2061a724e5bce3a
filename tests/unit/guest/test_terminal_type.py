import io
import shutil
import subprocess

import pytest

from sysinit_vm.errors import MissingError
from sysinit_vm.guest import scripts, terminal_type
from tests.fakes import RecordingRunner, result

WORDS = ("printf", "%s", "a b", "$c", "")
GHOSTTY = "xterm-ghostty|ghostty|Ghostty,\n\tam, bce,\n\tcolors#0x100, Tc,"
READ = f"#\tReconstructed via infocmp from file: /home/me/.terminfo/x/xterm-ghostty\n{GHOSTTY}\n"


class Tty(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Say what the terminal is called; the runner then tells its entry, and the words for the guest come back."""
    monkeypatch.setattr("sys.stdin", Tty())

    def told(term, *answers, colors=None, answer=None, **how):
        for name, value in (("TERM", term), ("COLORTERM", colors)):
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        runner = RecordingRunner(*answers, answer=answer)
        return terminal_type.told(runner, WORDS, **how), runner

    return told


@pytest.mark.parametrize(
    "term", [None, "", "xterm-256color", "xterm", "screen-256color", "tmux-256color", "dumb", "linux"]
)
def test_an_ordinary_terminal_costs_no_process_here_or_there(terminal, term):
    words, runner = terminal(term)
    assert words == WORDS
    assert runner.calls == []


def test_the_entry_of_any_other_goes_along_without_this_machines_paths(terminal):
    words, runner = terminal("xterm-ghostty", result(out=READ))
    assert runner.argvs == [("infocmp", "-x", "xterm-ghostty")]
    assert runner.options[0]["timeout"] > 0
    assert words == ("sh", "-c", scripts.read("terminal.sh"), "sh", "xterm-ghostty", GHOSTTY, *WORDS)


def missing(_):
    raise MissingError("Cannot run infocmp.")


@pytest.mark.parametrize(
    "answer",
    [
        result(1, err="infocmp: couldn't open terminfo file"),
        result(124, out=GHOSTTY),
        result(out="x" * 20_000),
        result(out="xterm-ghostty,\n\tam\x1b[2J,"),
        result(out="xterm-ghostty|\u00e9,"),
        result(out=""),
    ],
)
def test_an_entry_that_is_missing_too_long_or_no_text_does_not(terminal, answer):
    assert terminal("xterm-ghostty", answer)[0][4:6] == ("xterm-ghostty", "")


def test_a_machine_without_infocmp_has_no_entry(terminal):
    assert terminal("xterm-kitty", answer=missing)[0][4:6] == ("xterm-kitty", "")


@pytest.mark.parametrize("name", ["../../x", "a/b", "-x", "x;id", "x" * 65, "x y", "\u00e9", "x\n"])
def test_a_name_that_is_none_is_asked_of_nobody(terminal, name):
    words, runner = terminal(name)
    assert words == ("env", "TERM=xterm-256color", *WORDS)
    assert runner.calls == []


@pytest.mark.parametrize("colors", ["truecolor", "24bit"])
def test_true_colour_is_told(terminal, colors):
    assert terminal("xterm-256color", colors=colors)[0] == ("env", f"COLORTERM={colors}", *WORDS)
    words, _ = terminal("foot", result(out="foot,\n\tam,\n"), colors=colors)
    assert words[6:] == ("env", f"COLORTERM={colors}", *WORDS)


@pytest.mark.parametrize("colors", ["", "yes", "true\ncolor"])
def test_another_word_for_colours_is_not(terminal, colors):
    assert terminal("xterm-256color", colors=colors)[0] == WORDS


@pytest.mark.parametrize("how", ["no terminal", "no stdin", "closed"])
def test_without_a_terminal_nothing_is_told(terminal, monkeypatch, how):
    if how != "no stdin":
        monkeypatch.setattr("sys.stdin", io.StringIO() if how == "no terminal" else None)
    words, runner = terminal("xterm-ghostty", colors="truecolor", stdin=how != "no stdin")
    assert words == WORDS
    assert runner.calls == []


@pytest.fixture
def guest(tmp_path):
    """Run the guest's side in a home of its own; `tic` there writes down what it gets and with which words."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "cat", "mkdir"):
        (tools / name).symlink_to(shutil.which(name))
    tic = tools / "tic"
    tic.write_text('#!/bin/sh\nmkdir -p "$4"\necho "$*" >"$HOME/words"\ncat >"$HOME/entry"\nexit ${TIC-0}\n')
    tic.chmod(0o755)

    def ran(term, entry, *, stdin="of the user", **env):
        argv = ["sh", "-c", scripts.read("terminal.sh"), "sh", term, entry]
        words = ["sh", "-c", 'printf "%s|" "$TERM" "$@"; cat', "sh", "a b", "$c", ""]
        env = {"PATH": str(tools), "HOME": str(tmp_path), "TERM": "changed-by-the-profile", **env}
        done = subprocess.run([*argv, *words], env=env, input=stdin, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        term, *rest = done.stdout.split("|")
        assert rest == ["a b", "$c", "", stdin]
        return term

    return ran


def test_a_guest_that_lacks_the_entry_takes_it_at_home(guest, tmp_path):
    assert guest("xterm-nonesuch", GHOSTTY) == "xterm-nonesuch"
    assert (tmp_path / "words").read_text() == f"-x -o {tmp_path}/.terminfo -\n"
    assert (tmp_path / "entry").read_text() == f"{GHOSTTY}\n"


def test_a_guest_that_has_the_entry_keeps_it_and_runs_nothing(guest, tmp_path):
    (tmp_path / ".terminfo/x").mkdir(parents=True)
    (tmp_path / ".terminfo/x/xterm-nonesuch").touch()
    assert guest("xterm-nonesuch", GHOSTTY) == "xterm-nonesuch"
    assert not (tmp_path / "words").exists()


def test_without_an_entry_that_it_takes_the_terminal_is_called_what_it_resembles(guest, tmp_path):
    assert guest("xterm-nonesuch", "") == "xterm-256color"
    assert not (tmp_path / "words").exists()
    assert guest("xterm-nonesuch", GHOSTTY, TIC="1") == "xterm-256color"
    assert guest("xterm-nonesuch", GHOSTTY, PATH=str(tmp_path / "bin"), HOME=str(tmp_path)) == "xterm-nonesuch"
    (tmp_path / "bin/tic").unlink()
    assert guest("xterm-nonesuch", GHOSTTY) == "xterm-256color"
