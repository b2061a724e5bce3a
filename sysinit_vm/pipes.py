"""How the output of a process is read: as it comes, and never more of it than a limit, whatever a guest sends."""

import os
import selectors
import threading
import time
from collections.abc import Iterator, Sequence
from typing import IO

LONGEST = 2**24  # bytes of captured output
_CHUNK = 2**18  # bytes
_LINE = 2**16  # characters
_TAIL = 2**14  # bytes


class TooMuchError(Exception):
    """A stream had more than LONGEST bytes."""


class LateError(Exception):
    """A timeout passed; ``texts`` is what the streams had until then."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self.texts = texts


def capture(streams: Sequence[IO[bytes]], timeout: float | None) -> list[str]:
    """Read ``streams`` to their ends at once, and return their texts; bytes that are no UTF-8 are replaced.

    TooMuchError if one has more than LONGEST bytes; LateError after ``timeout`` (seconds).
    """
    texts = {stream: bytearray() for stream in streams}
    end = None if timeout is None else time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                raise LateError([_decoded(text) for text in texts.values()])
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, _CHUNK)
                text = texts[key.fileobj]  # type: ignore[index]  # one of ``streams``
                text += chunk
                if not chunk:
                    selector.unregister(key.fileobj)
                if len(text) > LONGEST:
                    raise TooMuchError
    return [_decoded(text) for text in texts.values()]


def lines(stream: IO[str]) -> Iterator[str]:
    """Yield the lines of ``stream`` as they come; one of more than 64 Ki characters comes in pieces."""
    while line := stream.readline(_LINE):
        yield line.rstrip("\n")


class Tail:
    """The last 16 KiB of ``stream``, which is read in the background until it ends."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._last = stream, b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._stream:
            while chunk := os.read(self._stream.fileno(), _CHUNK):
                self._last = (self._last + chunk)[-_TAIL:]

    def text(self) -> str:
        """Return the tail, once the process has ended: another may hold the stream open, and is not waited for."""
        self._thread.join(timeout=1)
        return _decoded(self._last)


def _decoded(data: bytes | bytearray) -> str:
    """Return the text, with lines that end as Python's own do."""
    return data.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
