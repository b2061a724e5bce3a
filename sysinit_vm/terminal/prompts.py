"""The only module that imports questionary: questions on a terminal, each with a flag that answers it."""

import sys
from collections.abc import Sequence

from sysinit_vm.errors import NotConfirmedError


def terminal() -> bool:
    """Whether there is somebody to ask: standard input and errors are terminals."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, yes: bool, refusal_hint: str) -> None:
    """Return when the answer is yes; the default is no.

    ``yes`` answers without asking. NotConfirmedError (exit 5) when refused, or when nobody can be asked;
    Ctrl-C at the question is KeyboardInterrupt. ``refusal_hint`` is the command that would have answered.
    """
    if yes:
        return
    if not terminal():
        raise NotConfirmedError(
            "Not confirmed.", detail=f"{question} There is no terminal to ask on.", hint=refusal_hint
        )
    if not _ask(question):
        raise NotConfirmedError("Not confirmed: nothing was changed.")


def text(question: str, default: str) -> str:
    """Return what is typed, ``default`` for Enter; to be asked on a terminal only. Ctrl-C is KeyboardInterrupt."""
    import questionary
    from prompt_toolkit.output import create_output

    return str(questionary.text(question, default=default, output=create_output(sys.stderr)).unsafe_ask()).strip()


def choice(question: str, among: Sequence[str], default: str) -> str:
    """Return the one of ``among`` that is chosen on a terminal. Ctrl-C is KeyboardInterrupt."""
    import questionary
    from prompt_toolkit.output import create_output

    asked = questionary.select(question, choices=list(among), default=default, output=create_output(sys.stderr))
    return str(asked.unsafe_ask())


def agrees(question: str) -> bool:
    """Ask on a terminal and return the answer; the default is no. Ctrl-C is KeyboardInterrupt."""
    return _ask(question)


def _ask(question: str) -> bool:
    import questionary
    from prompt_toolkit.output import create_output

    answer = questionary.confirm(question, default=False, output=create_output(sys.stderr)).unsafe_ask()
    return bool(answer)
