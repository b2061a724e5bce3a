"""A terminal as a person has one: a pty with a screen emulator, keys typed, the screen read."""

import re
import time
from pathlib import Path

import pexpect
import pyte

# Zellij asks the terminal for what pyte does not know: application program commands, device control strings (of its
# own, number 26661, to a Zellij around it), private forms of device status and graphics. A real terminal swallows
# them in silence.
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;?>=<$]*|[_P][^\x1b]*\x1b?|\][^\x07\x1b]*)?\Z")
_UNKNOWN = re.compile(r"\x1b[_P].*?\x1b\\|\x1b\[[?>=<][0-9;:]*[nmpu]|\x1b\[[0-9;]*\$p", re.DOTALL)


class Terminal:
    """A program on a pty of its own; ``screen`` holds what a person would see, ``output`` all that was written to it."""

    def __init__(self, argv, cwd: Path, env: dict[str, str], rows: int = 30, columns: int = 100) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self.screen)
        self._child = pexpect.spawn(
            argv[0],
            list(argv[1:]),
            cwd=str(cwd),
            env={**env, "TERM": "xterm-256color"},
            dimensions=(rows, columns),
            encoding="utf-8",
            codec_errors="replace",
        )
        self._rest = self.output = ""

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def press(self, keys: str) -> None:
        self._child.send(keys)

    def chord(self, *keys: str) -> None:
        """Keys with the pause that a person makes between them."""
        for key in keys:
            self.press(key)
            self.read(0.7)

    def resize(self, rows: int, columns: int) -> None:
        self.screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def read(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                self._feed(self._child.read_nonblocking(65536, timeout=left))
            except pexpect.TIMEOUT:
                return
            except pexpect.EOF:
                time.sleep(min(left, 0.2))
                return

    def _feed(self, text: str) -> None:
        """Hold back a sequence that is cut by the end of what was read."""
        self.output += text
        text = self._rest + text
        cut = _UNFINISHED.search(text)
        end = cut.start() if cut else len(text)
        self._rest = text[end:]
        self._stream.feed(_UNKNOWN.sub("", text[:end]))

    def wait_for(self, what: str, seconds: float = 120, every: float = 0.3) -> None:
        """Read until ``what`` (a regular expression) is on the screen, looking ``every`` so many seconds."""
        end = time.monotonic() + seconds
        while not re.search(what, self.text):
            assert time.monotonic() < end, f"{what!r} did not appear:\n{self.text}"
            assert self._child.isalive() or self._pending(), f"ended before {what!r} appeared:\n{self.text}"
            self.read(every)

    def wait_until_gone(self, what: str, seconds: float = 60) -> None:
        """Read until ``what`` (a regular expression) is no longer on the screen."""
        end = time.monotonic() + seconds
        while re.search(what, self.text):
            assert time.monotonic() < end, f"{what!r} stayed:\n{self.text}"
            self.read(0.3)

    def _pending(self) -> bool:
        before = self.text
        self.read(0.5)
        return self.text != before

    def exit_status(self, seconds: float = 60) -> int:
        """Read until the program ends, and return its exit status."""
        end = time.monotonic() + seconds
        while self._child.isalive():
            assert time.monotonic() < end, f"still running:\n{self.text}"
            self.read(0.3)
        self.read(0.3)
        self._child.close()
        if self._child.signalstatus:
            return 128 + self._child.signalstatus
        return self._child.exitstatus

    def close(self) -> None:
        """Close the terminal as a window is closed."""
        self._child.close(force=True)
