"""What tasks print at their end, and how they end."""

import json
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit

from sysinit_vm import hints
from sysinit_vm.terminal.console import say, show

STREAMED = "Otherwise that of the program in the guest; 128+n if signal n ended it."
"""The exit status of verbs that show a guest's program as it runs, for their help."""


def done(c: Context, text: str) -> None:
    """Tell the user what was done, and perhaps what to type next; under ``--dry`` nothing was, and nothing is said."""
    if not c.config.run.dry:
        say(hints.completed(text))


def end(status: int) -> None:
    """End the command with an exit status; 0 lets a chain of tasks go on."""
    if status:
        raise Exit(code=status)


def print_json(content: dict[str, Any]) -> None:
    """Print one versioned JSON document, and nothing else, on standard output.

    It is plain ASCII, by JSON's own escapes, so that it shows no terminal anything to obey.
    """
    show(json.dumps({"version": 1, **content}, indent=2).replace("\x7f", "\\u007f"))
