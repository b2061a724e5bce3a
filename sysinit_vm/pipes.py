"""How the output of a process is read: as it comes, and never more of it than a limit, whatever a guest sends."""

import codecs
import io
import math
import os
import selectors
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import IO

LONGEST = 2**24  # bytes of captured output
_CHUNK = 2**18  # bytes
_LINE = 2**16  # characters
_TAIL = 2**14  # bytes
_QUIET = 1  # seconds


class TooMuchError(Exception):
    """A stream had more than LONGEST bytes."""


class LateError(Exception):
    """A timeout passed; ``texts`` is what the streams had until then."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self.texts = texts


def capture(streams: Sequence[IO[bytes]], ended: Callable[[], bool], timeout: float | None) -> list[str]:
    """Read ``streams`` to their ends at once, and return their texts; bytes that are no UTF-8 are replaced.

    ``ended`` says whether their process has: what it started may hold them open, and is not waited for. TooMuchError if
    one has more than LONGEST bytes; LateError after ``timeout`` (seconds).
    """
    texts = {stream: bytearray() for stream in streams}
    try:
        for stream, chunk in _chunks(streams, ended, timeout):
            texts[stream] += chunk
            if len(texts[stream]) > LONGEST:
                raise TooMuchError
    except TimeoutError:
        raise LateError([_decoded(text) for text in texts.values()]) from None
    return [_decoded(text) for text in texts.values()]


def lines(stream: IO[bytes], ended: Callable[[], bool]) -> Iterator[str]:
    """Yield the lines of ``stream`` as they come; one of more than 64 Ki characters comes in pieces.

    ``ended`` is that of ``capture``.
    """
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("replace"), translate=True)
    rest = ""
    for _, chunk in _chunks([stream], ended, None):
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in whole:
            yield from _pieces(line) or [""]
        *long, rest = _pieces(rest) or [""]
        yield from long
    if rest := rest + decoder.decode(b"", final=True):
        yield rest.removesuffix("\n")


def _chunks(
    streams: Sequence[IO[bytes]], ended: Callable[[], bool], timeout: float | None
) -> Iterator[tuple[IO[bytes], bytes]]:
    """Yield what comes, and from which stream, until all end, or their process has ended and no more comes.

    TimeoutError after ``timeout`` (seconds).
    """
    by_descriptor, gone = {stream.fileno(): stream for stream in streams}, False
    end = math.inf if timeout is None else time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        for descriptor in by_descriptor:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            ready = selector.select(min(left, _QUIET))
            if gone and not ready:
                return
            gone = gone or (not ready and ended())  # once more then: it may have written just before
            for key, _ in ready:
                if chunk := os.read(key.fd, _CHUNK):
                    yield by_descriptor[key.fd], chunk
                else:
                    selector.unregister(key.fd)


def _pieces(text: str) -> list[str]:
    return [text[start : start + _LINE] for start in range(0, len(text), _LINE)]


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
