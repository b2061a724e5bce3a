"""The log of a compile in the background: the end of what its programs printed."""

import os
from contextlib import suppress
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.escaping import escaped

_LONGEST = 2**20  # bytes


class CompileLog:
    """A log file (absolute), of which at most a MiB is kept: the end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def clear(self) -> None:
        """Empty it, in place; nothing happens if that fails."""
        with suppress(OSError, ValueError), files.opened(self._path, "wb"):
            pass

    def add(self, line: str) -> None:
        """Append a line, made safe to show on a terminal; nothing happens if that fails: a compile goes on."""
        with suppress(OSError, ValueError), files.opened(self._path, "ab") as stream:
            if stream.tell() > _LONGEST:
                self._keep_half()
            stream.write(f"{escaped(line)}\n".encode(errors="replace"))

    def _keep_half(self) -> None:
        """In place, because another may have the file open, to append to it."""
        with files.opened(self._path) as stream:
            stream.seek(-_LONGEST // 2, os.SEEK_END)
            last = stream.read()
        with files.opened(self._path, "wb") as stream:
            stream.write(last)
