"""What a program that was given the terminal leaves behind if it is cut off: modes that only it could take back."""

import contextlib
import sys
import termios
from dataclasses import dataclass
from typing import Any

from sysinit_vm.terminal import console

# The names are xterm's (ctlseqs), kitty's for its keyboard protocol; each is harmless where it was not on. The keyboard
# comes first, because each screen has its own; saving the cursor keeps it where it is if this is the main screen.
_OFF = (
    "\x1b[<u"  # the kitty keyboard protocol
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l"  # reports of the mouse
    "\x1b[?1004l\x1b[?2031l"  # reports of the focus, and of the colour scheme
    "\x1b[?2004l"  # bracketed paste
    "\x1b[?1l\x1b>"  # the application's cursor keys and keypad
    "\x1b[?2026l"  # an update that holds the display
    "\x1b[4l\x1b]104\x07\x1b]110\x07\x1b]111\x07"  # inserting, and colours that were given other values
    "\x1b7\x1b[?69l\x1b[r\x1b8\x1b7\x1b[?1049l"  # margins, and the alternate screen
    "\x1b[?7h\x1b[?25h\x1b[0 q\x1b[m\x1b(B\x0f"  # wrapping, the cursor and its shape, colours, the letters
)


_LAST_LINE = "\x1b[?6l\x1b[r\x1b[999H"  # without margins, and not counted from one


@dataclass(frozen=True)
class Lent:
    """The terminal as it was before a program got it; ``settings`` are termios's, None without a terminal."""

    settings: list[Any] | None

    def take_back(self) -> None:
        """Put the terminal's settings and modes back after a program that was cut off."""
        if self.settings is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(sys.stdin, termios.TCSANOW, self.settings)
        console.control(_OFF)


def make_plain() -> None:
    """Undo what a guest may have left on the terminal, such as hidden text, before something is shown that matters.

    That begins on the last line: the screen moves up with it, and what the guest wrote there goes.
    """
    console.control(_OFF + _LAST_LINE)


def lend() -> Lent:
    """Return the terminal as it is now, before a program gets it."""
    with contextlib.suppress(termios.error, OSError, ValueError):
        return Lent(termios.tcgetattr(sys.stdin))
    return Lent(None)
