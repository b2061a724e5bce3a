"""Which terminal the guest's programs are told of: the one here, TERM and COLORTERM, with its terminfo entry."""

import os
import re
import sys
from collections.abc import Sequence

from sysinit_vm.errors import MissingError
from sysinit_vm.guest import scripts
from sysinit_vm.runner import Runner

# What every Linux has; Debian's ncurses-base has more.
_EVERYWHERE = frozenset({"", "dumb", "linux", "screen", "screen-256color", "tmux", "tmux-256color", "vt100", "vt220",
                         "xterm", "xterm-256color"})  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,63}", re.ASCII)
_COLORS = frozenset({"truecolor", "24bit"})
_ENTRY = re.compile(r"[\t\n -~]{1,16384}")  # kitty's has 3,700 characters
_SECONDS = 5
_FALLBACK = "xterm-256color"


def told(runner: Runner, words: Sequence[str], *, stdin: bool = True) -> tuple[str, ...]:
    """Return the guest argv that runs ``words`` with what the terminal here is called, and how many colours it has.

    Without a terminal on standard input (``stdin``: whether the guest gets it) they are the ``words`` themselves. ssh
    passes TERM on, but no other variable over the connection that Lima shares. For a terminal that is not known
    everywhere, its entry is asked of ``infocmp`` here and goes along; the guest takes it if it has none.
    """
    if not stdin or sys.stdin is None or not sys.stdin.isatty():
        return tuple(words)
    name, colors = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "")
    if colors in _COLORS:
        words = ("env", f"COLORTERM={colors}", *words)
    if name in _EVERYWHERE:
        return tuple(words)
    if not _NAME.fullmatch(name):
        return ("env", f"TERM={_FALLBACK}", *words)
    return ("sh", "-c", scripts.read("terminal.sh"), "sh", name, _entry(runner, name), *words)


def _entry(runner: Runner, name: str) -> str:
    """Return the terminfo entry of ``name``, without comments; empty if this machine has none or a strange one."""
    try:
        done = runner.read(("infocmp", "-x", name), timeout=_SECONDS)
    except MissingError:
        return ""
    text = "\n".join(line for line in done.out.splitlines() if not line.startswith("#"))
    return text if done.ok and _ENTRY.fullmatch(text) else ""
