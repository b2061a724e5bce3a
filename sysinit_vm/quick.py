"""What is answered before Invoke is loaded, because people wait for it: completion, help and the version."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from sysinit_vm import __version__
from sysinit_vm.cli import index


def answer(words: Sequence[str]) -> bool:
    """Print the answer to ``words``, which follow the program's name; False if the program has to answer.

    So it has to, too, if the output cannot be written: the program says why.
    """
    text = _text(words)
    if text is None:
        return False
    try:
        if text:
            print(text)  # our own, with bold headings, or escaped
        sys.stdout.flush()
    except (
        BrokenPipeError
    ):  # whoever read it has gone, as `head` does; the interpreter would write the rest at its exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError:
        return False
    return True


def _text(words: Sequence[str]) -> str | None:
    match list(words):
        case ["--version" | "-V"]:
            return f"sysinit-vm {__version__}"
        case ["--complete", "--", *line]:
            return _completions(line)
    return _help(words)


def _help(words: Sequence[str]) -> str | None:
    from sysinit_vm.cli import help_text

    match list(words):
        case []:
            return help_text.daily(index.read())
        case ["help" | "--help" | "-h"]:
            return help_text.overview(index.read())
        case ["help", name] if name in (known := index.read()).by_any_name():
            return help_text.of_command(known, name)
    return None


def _completions(line: Sequence[str]) -> str:
    """Return the completions for the scripts of `completion`: one a line, with its help after a tab.

    None are offered if what knows them raises an error: whoever presses TAB asked for no message.
    """
    from sysinit_vm.cli import completion
    from sysinit_vm.errors import VmError
    from sysinit_vm.escaping import escaped

    known = index.read()
    with suppress(VmError):
        if not os.environ.get("HOME"):
            from sysinit_vm import user_account

            user_account.require_home()
        words = completion.candidates(line, known.by_any_name(), known.core)
        return "\n".join(escaped(f"{word}\t{text}") for word, text in words)
    return ""
