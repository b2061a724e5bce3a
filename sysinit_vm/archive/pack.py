"""Files of this machine as a tar stream, read through open directories, so that no path is looked up twice.

Whoever can write a directory can put a link in a file's place between two looks at it; here nothing follows one.
"""

import errno
import os
import stat
import tarfile
from collections.abc import Callable
from typing import IO

from sysinit_vm.archive.names import MOST_DEPTH

_CHUNK = 2**18  # bytes
_BLOCK = tarfile.BLOCKSIZE
_NO_LINK = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHANGED = "It changed while it was read"
LeaveOut = Callable[[str, str], None]


def pack_directory(
    directory: int, stream: IO[bytes], leave_out: LeaveOut, on_bytes: Callable[[int], None] = lambda _: None
) -> None:
    """Write the open ``directory`` and all below it to ``stream``, as a tar archive of paths relative to it.

    Files keep their modes, times, links and hard links. ``leave_out`` gets the path of what is neither a file, nor a
    directory, nor a link, or cannot be read, and a sentence that says why. ``on_bytes`` gets the number of bytes so
    far. OSError if ``stream`` takes no more.
    """
    packer = _Packer(stream, leave_out, on_bytes)
    packer.directory(directory, ".", MOST_DEPTH)
    packer.end()


def pack_file(name: str, parent: int, stream: IO[bytes], on_bytes: Callable[[int], None] = lambda _: None) -> None:
    """Write the file ``name`` of the open directory ``parent``, as ``pack_directory`` does.

    OSError if it cannot be opened, is a link, or cannot be read to its end: whoever unpacks it then gets half an
    archive, and can keep the file that was there.
    """

    def refuse(_path: str, _why: str) -> None:
        raise OSError(errno.EIO, _CHANGED, name)

    packer = _Packer(stream, refuse, on_bytes)
    handle = os.open(name, _NO_LINK, dir_fd=parent)
    try:
        packer.contents(handle, f"./{name}", MOST_DEPTH)
    finally:
        os.close(handle)
    packer.end()


class _Packer:
    def __init__(self, stream: IO[bytes], leave_out: LeaveOut, on_bytes: Callable[[int], None]) -> None:
        self._stream, self._leave_out, self._on_bytes, self._position = stream, leave_out, on_bytes, 0
        self._paths: dict[tuple[int, int], str] = {}  # of files with several names, by device and inode

    def directory(self, handle: int, path: str, depth: int) -> None:
        self._header(path, tarfile.DIRTYPE, os.fstat(handle))
        try:
            names = sorted(os.listdir(handle))
        except OSError as error:
            self._leave_out(path, f"{error.strerror}.")
            return
        for name in names:
            self.entry(name, handle, f"{path}/{name}", depth - 1)

    def entry(self, name: str, parent: int, path: str, depth: int) -> None:
        try:
            status = os.stat(name, dir_fd=parent, follow_symlinks=False)
            target = os.readlink(name, dir_fd=parent) if stat.S_ISLNK(status.st_mode) else ""
            handle = os.open(name, _NO_LINK, dir_fd=parent) if _has_contents(status) else None
        except OSError as error:
            self._leave_out(path, f"{error.strerror}.")
            return
        if target:
            self._header(path, tarfile.SYMTYPE, status, target)
        elif handle is None:
            self._leave_out(path, "It is neither a file, nor a directory, nor a link.")
        else:
            try:
                self.contents(handle, path, depth)
            finally:
                os.close(handle)

    def end(self) -> None:
        self._write(bytes(2 * _BLOCK))

    def contents(self, handle: int, path: str, depth: int) -> None:
        status = os.fstat(handle)  # it may be another one by now
        if not _has_contents(status):
            self._leave_out(path, f"{_CHANGED}.")
        elif not depth:
            self._leave_out(path, "It is too deep.")
        elif stat.S_ISDIR(status.st_mode):
            self.directory(handle, path, depth)
        else:
            self._file(handle, path, status)

    def _file(self, handle: int, path: str, status: os.stat_result) -> None:
        inode = (status.st_dev, status.st_ino)
        if inode in self._paths:
            self._header(path, tarfile.LNKTYPE, status, self._paths[inode])
            return
        if status.st_nlink > 1:
            self._paths[inode] = path
        self._header(path, tarfile.REGTYPE, status)
        remaining = status.st_size
        while remaining:
            chunk = _read(handle, min(_CHUNK, remaining))
            if not chunk:
                self._leave_out(path, f"{_CHANGED}; what is missing became zeros.")
                break
            self._write(chunk)
            remaining -= len(chunk)
        while remaining:
            self._write(bytes(min(_CHUNK, remaining)))
            remaining -= min(_CHUNK, remaining)
        self._write(bytes(-status.st_size % _BLOCK))

    def _header(self, path: str, kind: bytes, status: os.stat_result, target: str = "") -> None:
        member = tarfile.TarInfo(_exact(path))
        member.type, member.linkname = kind, _exact(target)
        member.mode, member.mtime = stat.S_IMODE(status.st_mode), int(status.st_mtime)
        member.size = status.st_size if kind == tarfile.REGTYPE else 0
        # every tar reads GNU's long names, but not busybox's those of pax
        self._write(member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape"))

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self._position += len(data)
        self._on_bytes(self._position)


def _has_contents(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)


def _read(handle: int, size: int) -> bytes:
    """Return bytes, none if it cannot be read."""
    try:
        return os.read(handle, size)
    except OSError:
        return b""


def _exact(path: str) -> str:
    """Return ``path`` so that its own bytes get into the archive, whatever the encoding of this machine is."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")
