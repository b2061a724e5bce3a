"""What our process does to the machine while a case runs: each file that it writes, and each process that it starts.

Python tells its audit hooks before it does so. What is outside is refused there, as a system would, and noted.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_ONE_PATH = {"os.mkdir", "os.rmdir", "os.remove", "os.truncate", "os.chmod", "os.chown", "os.utime", "os.mknod"}
_TWO_PATHS = {"os.rename", "os.link", "os.symlink"}
_STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "os.spawn"}
_REACHES_OUT = {"socket.connect", "socket.getaddrinfo", "urllib.Request"}
_DEVICES = ("/dev/null", "/dev/tty", "/dev/full", "/dev/kvm")


class Guard:
    """While it watches, ``outside`` gathers what was tried outside of ``inside``, an absolute directory."""

    def __init__(self) -> None:
        self.inside, self.outside = "", list[str]()
        self._busy = False
        sys.addaudithook(self._heard)

    @contextlib.contextmanager
    def watching(self, inside: Path) -> Iterator[None]:
        """Watch until the end of the block; Python writes no bytecode meanwhile, of what a case is the first to load."""
        self.inside, self.outside = str(inside), []
        before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            yield
        finally:
            self.inside, sys.dont_write_bytecode = "", before

    def _heard(self, event: str, given: tuple) -> None:
        if not self.inside or self._busy or event == "import":
            return
        self._busy = True
        try:
            what = self._judged(event, given)
        finally:
            self._busy = False
        if what:
            self.outside.append(what)
            raise PermissionError(1, "Operation not permitted", what)

    def _judged(self, event: str, given: tuple) -> str:
        if event in _STARTS or event in _REACHES_OUT:
            local = event == "socket.connect" and isinstance(given[1], str | bytes)
            return "" if local or _is_here(event, given) else f"{event} {given!r:.300}"
        paths = ()
        if (event == "open" and isinstance(given[0], str | bytes) and given[2] & _WRITES) or event in _ONE_PATH:
            paths = given[:1]
        elif event in _TWO_PATHS:
            paths = given[1:2] if event != "os.rename" else given[:2]
        return next((f"{event} {path!r:.300}" for path in paths if not self._inside(path)), "")

    def _inside(self, path: object) -> bool:
        if isinstance(path, int):
            return True
        text = os.fsdecode(path)
        if text.startswith(_DEVICES) or "\0" in text:
            return True
        try:
            whole = f"{os.path.realpath(Path(text).parent)}/{Path(text).name}"
        except (OSError, ValueError):
            return True  # so the system cannot open it either
        return whole.startswith((f"{self.inside}/", "/proc/self/fd/"))


def _is_here(event: str, given: tuple) -> bool:
    """Whether a connection stays on this machine."""
    address = given[1] if event == "socket.connect" else given
    return isinstance(address, tuple) and str(address[0]) in {"127.0.0.1", "::1", "localhost", "0.0.0.0"}
