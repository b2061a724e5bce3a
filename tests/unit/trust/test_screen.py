"""What a person sees of what is asked: on screens of several sizes, in the pager, and for scripts."""

import json
import re
from pathlib import Path

import pyte
import pytest

from sysinit_vm.terminal import console, prompts
from sysinit_vm.trust import gate, screen
from sysinit_vm.trust.danger import Context, Danger, Level
from sysinit_vm.trust.table import CONFIG
from sysinit_vm.trust.verdict import Verdict, worst_last

PLACE = Context(Path("/p"), Path("/home/me"), Path("/home/me/.lima"), ())
PROMPT = "? Allow this? [y/N] "
SIZES = [(30, 100), (40, 100), (25, 80), (24, 30)]


@pytest.fixture(autouse=True)
def own_home(home):
    """Approvals are the test's own."""


@pytest.fixture
def on_a_terminal(monkeypatch):
    def resize(rows, columns):
        monkeypatch.setattr(prompts, "can_ask", lambda: True)
        monkeypatch.setenv("LINES", str(rows))
        monkeypatch.setenv("COLUMNS", str(columns))

    return resize


def verdict(*values, title="/p/.lima/config.yaml"):
    dangers = [Danger(Level.UNKNOWN, (f"x{n}",), f"is not known: {value}", value) for n, value in enumerate(values)]
    runs = Danger(Level.RUNS, ("mountType",), "lets the guest read all your files", "reverse-sshfs")
    return Verdict(title, Path("/p"), worst_last([*dangers, runs]))


@pytest.mark.parametrize(("rows", "columns"), SIZES)
@pytest.mark.parametrize("char", ["a", "漢", "é", "a " * 7, "漢字 "])
def test_what_fits_is_on_the_screen_at_the_question(on_a_terminal, capsys, rows, columns, char):
    on_a_terminal(rows, columns)
    fitted = set()
    for length in range(0, rows * columns, columns // 2 - 1):
        asked = verdict((char * length)[:length])
        terminal = pyte.Screen(columns, rows)
        screen.tell(asked)
        pyte.Stream(terminal).feed(capsys.readouterr().err.replace("\n", "\r\n") + PROMPT)
        visible = "".join("".join(terminal.display).split())
        whole = all(text in visible for text in (".yamlcandothis", "RUNSmountType", "Allowthis?"))
        assert whole or not screen.fits(asked), length
        fitted.add(screen.fits(asked))
    assert fitted == {True, False}


def test_many_short_dangers_a_long_title_and_its_line_breaks_count_too(on_a_terminal, capsys):
    on_a_terminal(30, 100)
    assert screen.fits(verdict(*"abcde"))
    assert not screen.fits(verdict(*map(str, range(20)), title="/" + "p" * 800))
    screen.tell(verdict(title="/p\n   READS   nothing"))
    assert not re.search(r"^ +READS", capsys.readouterr().err, re.MULTILINE)


LONG = [
    {"hostResolver": {"hosts": {f"host{n}.example.org": "192.0.2.1" for n in range(47)}}},
    {"cpuType": {"x86_64": "max," + "a" * 600 + "MIDDLE" + "b" * 600}},
    {"video": {"display": "a" * 12_000 + "MIDDLE" + "b" * 12_000}},
    {"provision": [{"mode": "ansible", "playbook": "/" + "a" * 600 + "MIDDLE" + "b" * 600}]},
    {"networks": [{"socket": "/" + "a" * 600 + "MIDDLE" + "b" * 600}]},
    {"odd": "a" * 600 + "MIDDLE" + "b" * 600},
]


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("data", LONG)
def test_all_that_an_approval_covers_is_shown(on_a_terminal, capsys, monkeypatch, data, terminal):
    if terminal:
        on_a_terminal(30, 100)
    asked = Verdict("x", Path("/p"), worst_last(CONFIG((), data, PLACE)))
    wanted = ["MIDDLE"] if "hostResolver" not in data else [f"host{n}.example.org" for n in range(47)]
    pages = []
    monkeypatch.setattr(console, "page", pages.append)
    screen.page(asked)
    screen.tell(asked)
    for text in (*pages, capsys.readouterr().err, json.dumps(screen.record(asked))):
        assert [name for name in wanted if name not in re.sub(r"\n *", "", text).replace(" ", "")] == []


def test_all_ports_are_other_words_and_another_approval_than_one():
    def judged(entry):
        return worst_last(CONFIG((), {"portForwards": [{**entry, "hostIP": "0.0.0.0"}]}, PLACE))

    (one,), (every,) = judged({"guestPort": 3000}), judged({"guestPortRange": [1, 65535]})
    assert one.words == "opens port 3000 to the network, at 0.0.0.0"
    assert every.words == "opens ports 1 to 65535 to the network, at 0.0.0.0"
    assert one.item != every.item


def test_the_pager_is_offered_before_the_question_if_a_danger_is_long(on_a_terminal, monkeypatch):
    on_a_terminal(40, 100)
    questions = []
    monkeypatch.setattr(prompts, "agrees", lambda question: questions.append(question) or True)
    monkeypatch.setattr(console, "page", lambda _: None)
    gate.require(verdict("漢" * 2000))
    assert questions == ["Show all of it in a pager?", "Allow this?"]
