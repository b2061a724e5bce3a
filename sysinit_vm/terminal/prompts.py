"""The only module that imports questionary: questions on a terminal, each of which a flag can answer.

Questions and options are escaped here, as all that is printed; what the user answers is not.
"""

import sys
import termios
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sysinit_vm.errors import NotConfirmedError
from sysinit_vm.escaping import escaped, one_line
from sysinit_vm.terminal.console import say

if TYPE_CHECKING:
    from questionary import Question

_YES, _NO, _SHOW = {"y", "yes"}, {"", "n", "no"}, {"s", "show"}


class Cancelled(KeyboardInterrupt):
    """Ctrl-C at a question of ``confirm``: what it asks for was not begun."""


def can_ask() -> bool:
    """Whether somebody can be asked: standard input and standard error are terminals."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, yes: bool, refusal_hint: str, more: str = "") -> None:
    """Ask as ``agrees`` does, and return if the answer is yes.

    ``yes`` answers without asking. NotConfirmedError (exit 5) if the answer is no or nobody can be asked; Ctrl-C at
    the question raises Cancelled. ``refusal_hint`` is the command that answers yes.
    """
    if yes:
        return
    if not can_ask():
        raise NotConfirmedError(
            "Not confirmed.", detail=f"{question} There is no terminal to ask on.", hint=refusal_hint
        )
    try:
        agreed = agrees(question, more) if more else agrees(question)
    except KeyboardInterrupt as interrupt:
        raise Cancelled from interrupt
    if not agreed:
        raise NotConfirmedError("Not confirmed: nothing was changed.", hint=refusal_hint)


def text(question: str, default: str, *, at_end: str | None = None) -> str:
    """Return what the user types, or ``default`` for Enter alone, ``at_end`` for Ctrl-D.

    Needs a terminal; Ctrl-C, and Ctrl-D without ``at_end``, raise KeyboardInterrupt.
    """
    import questionary
    from prompt_toolkit.output import create_output

    prompt = questionary.text(escaped(question), default=default, output=create_output(sys.stderr))
    return str(_answer(prompt, at_end)).strip()


def choice(question: str, options: Sequence[str], default: str) -> str:
    """Return the option that the user chooses. Needs a terminal; Ctrl-C raises KeyboardInterrupt."""
    import questionary
    from prompt_toolkit.output import create_output

    choices = [questionary.Choice(one_line(option), value=option) for option in options]
    prompt = questionary.select(escaped(question), choices=choices, default=default, output=create_output(sys.stderr))
    return str(_answer(prompt))


def _answer(prompt: "Question", at_end: str | None = None) -> Any:
    _forget_typed()
    try:
        return prompt.unsafe_ask()
    except EOFError as error:
        if at_end is not None:
            return at_end
        raise KeyboardInterrupt from error


def agrees(question: str, more: str = "") -> bool:
    """Ask yes or no and return the answer; the default is no. Needs a terminal; Ctrl-C raises KeyboardInterrupt.

    The answer is a line, as in `bootstrap.sh`, sudo and apt: with a bare key, the Enter that most people add would
    answer what comes next. What was typed before the question is no answer to it. If there is ``more`` to say, the
    answer s shows that, and the question comes again.
    """
    choices = "y/N, s shows the commands" if more else "y/N"
    while True:
        answer = text(f"{question} [{choices}]", "", at_end="").lower()
        if answer in _YES:
            return True
        if more and answer in _SHOW:
            say(more)
        elif answer in _NO:
            return False
        else:
            say("Type y, n or s, then Enter." if more else "Type y or n, then Enter.")


def _forget_typed() -> None:
    """Drop what was typed before a question: it is no answer to it."""
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
