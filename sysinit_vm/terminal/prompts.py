"""The only module that imports questionary: questions on a terminal, each of which a flag can answer.

Questions and options are escaped here, as all that is printed; what the user answers is not.
"""

import sys
from collections.abc import Sequence

from sysinit_vm.errors import NotConfirmedError
from sysinit_vm.escaping import escaped, one_line


def can_ask() -> bool:
    """Whether somebody can be asked: standard input and standard error are terminals."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, yes: bool, refusal_hint: str) -> None:
    """Ask and return if the answer is yes; the default is no.

    ``yes`` answers without asking. NotConfirmedError (exit 5) if the answer is no or nobody can be asked; Ctrl-C at
    the question raises KeyboardInterrupt. ``refusal_hint`` is the command that answers yes.
    """
    if yes:
        return
    if not can_ask():
        raise NotConfirmedError(
            "Not confirmed.", detail=f"{question} There is no terminal to ask on.", hint=refusal_hint
        )
    if not agrees(question):
        raise NotConfirmedError("Not confirmed: nothing was changed.")


def text(question: str, default: str) -> str:
    """Return what the user types, or ``default`` for Enter alone. Needs a terminal; Ctrl-C raises KeyboardInterrupt."""
    import questionary
    from prompt_toolkit.output import create_output

    return str(
        questionary.text(escaped(question), default=default, output=create_output(sys.stderr)).unsafe_ask()
    ).strip()


def choice(question: str, options: Sequence[str], default: str) -> str:
    """Return the option that the user chooses. Needs a terminal; Ctrl-C raises KeyboardInterrupt."""
    import questionary
    from prompt_toolkit.output import create_output

    choices = [questionary.Choice(one_line(option), value=option) for option in options]
    prompt = questionary.select(escaped(question), choices=choices, default=default, output=create_output(sys.stderr))
    return str(prompt.unsafe_ask())


def agrees(question: str) -> bool:
    """Ask yes or no and return the answer; the default is no. Needs a terminal; Ctrl-C raises KeyboardInterrupt."""
    import questionary
    from prompt_toolkit.output import create_output

    answer = questionary.confirm(escaped(question), default=False, output=create_output(sys.stderr)).unsafe_ask()
    return bool(answer)
