import io

import pytest
from invoke.exceptions import Exit

from sysinit_vm.errors import NotConfirmedError
from sysinit_vm.tasks.ending import ending
from sysinit_vm.terminal import prompts


def ask(*, yes=False):
    prompts.confirm("Delete it?", yes=yes, refusal_hint="sysinit-vm destroy --yes")


@pytest.fixture
def answer(monkeypatch):
    def set_to(said):
        monkeypatch.setattr(prompts, "can_ask", lambda: True)
        monkeypatch.setattr(prompts, "agrees", lambda _question: said)

    return set_to


def test_yes_answers_without_asking(monkeypatch):
    asked = []
    monkeypatch.setattr(prompts, "agrees", asked.append)
    ask(yes=True)
    assert asked == []


def test_without_a_terminal_it_refuses_with_the_question_and_the_flag(monkeypatch):
    monkeypatch.setattr(prompts, "can_ask", lambda: False)
    with pytest.raises(NotConfirmedError, match=r"Delete it\?[\s\S]*Try: sysinit-vm destroy --yes") as caught:
        ask()
    assert caught.value.exit_code == 5


def test_a_yes_goes_on_and_a_no_changes_nothing(answer):
    answer(said=True)
    assert ask() is None
    answer(said=False)
    with pytest.raises(NotConfirmedError, match=r"nothing was changed[\s\S]*Try: sysinit-vm destroy --yes") as caught:
        ask()
    assert caught.value.exit_code == 5


def test_ctrl_c_at_a_question_says_that_nothing_was_changed(monkeypatch):
    def interrupt(_question):
        raise KeyboardInterrupt

    monkeypatch.setattr(prompts, "can_ask", lambda: True)
    monkeypatch.setattr(prompts, "agrees", interrupt)
    with pytest.raises(Exit) as caught, ending():
        ask()
    assert (caught.value.code, caught.value.message) == (130, "Interrupted. Nothing was changed.")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stdin", "stderr", "there"),
    [
        (Terminal(), Terminal(), True),
        (io.StringIO(), Terminal(), False),
        (Terminal(), io.StringIO(), False),
        (None, Terminal(), False),
    ],
)
def test_somebody_can_be_asked_where_input_and_errors_are_terminals(monkeypatch, stdin, stderr, there):
    monkeypatch.setattr("sys.stdin", stdin)
    monkeypatch.setattr("sys.stderr", stderr)
    assert prompts.can_ask() is there


def test_questions_and_options_are_text_and_answers_are_as_given(monkeypatch):
    monkeypatch.setattr(prompts.termios, "tcflush", lambda *_: None)
    harm, asked = "a\x1b]52;c;x\x07\u202e", []

    class Prompt:
        def __init__(self, question, choices=(), **_):
            asked.append(question)
            asked.extend(choice.title for choice in choices)
            self.answer = choices[0].value if choices else harm

        def unsafe_ask(self):
            return self.answer

    for kind in ("text", "select"):
        monkeypatch.setattr(f"questionary.{kind}", Prompt)
    assert prompts.text(harm, harm) == harm
    assert prompts.choice(harm, [harm], harm) == harm
    assert asked == [r"a\x1b]52;c;x\x07\u202e"] * 3


@pytest.fixture
def typing(monkeypatch):
    """Let the user type these lines; what was typed before a question is dropped by the system's own call."""
    flushed, asked = [], []
    monkeypatch.setattr(prompts.termios, "tcflush", lambda *which: flushed.append(which))

    def lines(text):
        left = text.splitlines()

        class Prompt:
            def __init__(self, question, **_):
                asked.append(question)

            def unsafe_ask(self):
                if not left:
                    raise EOFError
                return left.pop(0)

        monkeypatch.setattr("questionary.text", Prompt)
        return flushed, asked

    return lines


@pytest.mark.parametrize(
    ("lines", "agreed"),
    [("y\n", True), ("Yes\n", True), (" y \n", True), ("n\n", False), ("\n", False), ("maybe\ny\n", True)],
)
def test_the_answer_is_a_line(typing, lines, agreed):
    flushed, _ = typing(lines)
    assert prompts.agrees("Delete it?") is agreed
    assert len(flushed) == 1 + lines.count("maybe")


def test_the_end_of_input_is_a_no_and_no_text(typing):
    typing("")
    assert prompts.agrees("Delete it?") is False
    with pytest.raises(KeyboardInterrupt):
        prompts.text("How many?", "4")


def test_a_question_of_yes_or_no_is_escaped(typing):
    _, asked = typing("y\n")
    prompts.agrees("Delete a\x1b[2J?")
    assert asked == [r"Delete a\x1b[2J? [y/N]"]


def test_more_is_shown_if_asked_for_and_the_question_comes_again(typing, capsys):
    _, asked = typing("s\ny\n")
    assert prompts.agrees("Do it?", "  $ rm x")
    assert asked == ["Do it? [y/N, s shows the commands]"] * 2
    assert capsys.readouterr().err == "  $ rm x\n"


@pytest.mark.parametrize(
    ("more", "says"), [("  $ rm x", "Type y, n or s, then Enter."), ("", "Type y or n, then Enter.")]
)
def test_an_answer_that_is_none_names_those_that_are(typing, capsys, more, says):
    typing("x\ny\n")
    assert prompts.agrees("Do it?", more)
    assert capsys.readouterr().err == f"{says}\n"
