"""The members of a tar stream from anyone: tarfile reads them, within bounds."""

import itertools
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, cast

from sysinit_vm.errors import VmError

MOST_MEMBERS = 100_000
_MOST_HEADERS = 2**18  # bytes, of one member: long names, extended headers, maps of sparse files
_MOST_PADDING = 2**22  # bytes after the end of the archive
_CHUNK = 2**16  # bytes


class ArchiveError(VmError):
    """The stream is no valid tar archive, is incomplete, or has more than the limits allow."""

    def __init__(self, why: str) -> None:
        super().__init__("The archive cannot be unpacked.", detail=why)


class _Source:
    """The stream for tarfile, to which its end is always an error: an archive itself says where it ends.

    ``end`` is how far tarfile may read now, in bytes from the beginning; None without a limit.
    """

    def __init__(self, stream: IO[bytes], on_bytes: Callable[[int], None]) -> None:
        self._stream, self._on_bytes, self._position = stream, on_bytes, 0
        self.end: int | None = _MOST_HEADERS

    def read(self, size: int) -> bytes:
        if self.end is not None and self._position > self.end:
            raise ArchiveError(f"The headers of one member have more than {_MOST_HEADERS} bytes.")
        chunk = self._stream.read(size)
        if not chunk:
            raise ArchiveError("It ends early.")
        self._position += len(chunk)
        self._on_bytes(self._position)
        return chunk

    def read_padding(self) -> None:
        """Let the sender finish, but not an endless one."""
        for _ in range(0, _MOST_PADDING, _CHUNK):
            if not self._stream.read(_CHUNK):
                return


class _Member(tarfile.TarInfo):
    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> "_Member":
        """Refuse any invalid header: after the first member, tarfile takes it for the archive's end."""
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise ArchiveError(f"It is malformed: {error}.") from error


def members(stream: IO[bytes], on_bytes: Callable[[int], None]) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Yield each member of the uncompressed tar ``stream`` before its data, with the archive to read the data from.

    ``on_bytes`` gets the number of bytes so far. ArchiveError if the stream ends early, is malformed or breaks a limit.
    """
    source = _Source(stream, on_bytes)
    with own_errors():
        tar = tarfile.open(  # noqa: SIM115  # it owns nothing to close
            fileobj=cast("IO[bytes]", source), mode="r|", tarinfo=_Member, encoding="utf-8", errors="surrogateescape"
        )
    for count in itertools.count(1):
        with own_errors():
            member = tar.next()
        if member is None:
            source.read_padding()
            return
        if count > MOST_MEMBERS:
            raise ArchiveError(f"It has more than {MOST_MEMBERS} members.")
        source.end = None
        yield tar, member
        source.end = tar.offset + _MOST_HEADERS
        tar.members.clear()  # type: ignore[attr-defined]  # tarfile would keep them all
        tar.pax_headers = {}


@contextmanager
def own_errors() -> Iterator[None]:
    """Turn any error of tarfile's into ArchiveError: it does not say in how many ways it fails on hostile headers."""
    try:
        yield
    except (ArchiveError, OSError):
        raise
    except Exception as error:
        raise ArchiveError(f"It is malformed: {error}.") from error
