"""A tar stream from anyone, such as a hostile guest, unpacked below one open directory.

Nothing outside that directory is read or changed, whatever the stream holds: each name is opened below the handle of
its parent, and never through a link. tarfile's own filters judge paths, which it looks up again afterwards, and differ
between the versions of Python; so each member is judged here.
"""

import errno
import os
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing, suppress
from typing import IO

from sysinit_vm.archive.members import MOST_MEMBERS, ArchiveError, members, own_errors
from sysinit_vm.archive.names import Names, RefusedError, judged_link, judged_path

_CHUNK = 2**18  # bytes
_LATEST = 2**33  # seconds since the epoch: the year 2242
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PERMISSIONS = 0o777  # never setuid, setgid or sticky
# Errors that concern one name. Any other, such as a full disk, ends it all.
_OF_ONE_NAME = frozenset(
    {
        errno.EACCES,
        errno.EEXIST,
        errno.EILSEQ,
        errno.EINVAL,
        errno.EISDIR,
        errno.ELOOP,
        errno.EMLINK,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EPERM,
    }
)

# Permission bits, and time in nanoseconds since the epoch.
Status = tuple[int, int]


def unpack(
    stream: IO[bytes],
    directory: int,
    leave_out: Callable[[str, str], None],
    on_bytes: Callable[[int], None] = lambda _: None,
    *,
    only: str | None = None,
) -> dict[Names, Status]:
    """Unpack the tar ``stream`` below the open ``directory``, which is empty and the caller's own.

    Files, directories, links that stay below it, and hard links to files of the same archive are unpacked; the last of
    a name counts. Their owner is this process's, their modes have no setuid, setgid and sticky bits. The rest is left
    out, and ``leave_out`` gets its name (any characters) and a sentence that says why. With ``only``, nothing but a
    plain file of that name is wanted. ``on_bytes`` gets the number of bytes so far.

    Return the status of each directory in the archive, which keeps mode 0700 until it is in its place. ArchiveError
    if the stream ends early, is malformed or breaks a limit; OSError if the system refuses, as when the disk is full.
    What was unpacked by then is the caller's to remove.
    """
    wanted = None if only is None else (os.fsencode(only),)
    with closing(_Unpacker(directory)) as unpacker:
        for tar, member in members(stream, on_bytes):
            try:
                names = judged_path(member.name)
                if wanted is not None and not (names == wanted and member.isreg()):
                    leave_out(member.name, "It was not asked for.")
                else:
                    unpacker.add(tar, member, names)
            except RefusedError as refused:
                leave_out(member.name, str(refused))
            except OSError as error:
                if error.errno not in _OF_ONE_NAME:
                    raise
                leave_out(member.name, f"{error.strerror}.")
        return unpacker.directories


class _Unpacker:
    """Puts members below ``root``. The directory of the last one stays open, because the next is often in it too."""

    def __init__(self, root: int) -> None:
        self.directories: dict[Names, Status] = {}
        self._root, self._made, self._names, self._handle = root, 0, Names(), os.dup(root)

    def close(self) -> None:
        os.close(self._handle)

    def add(self, tar: tarfile.TarFile, member: tarfile.TarInfo, names: Names) -> None:
        if member.isdir():
            self._open(names)
            self.directories[names] = _status(member)
            return
        if not names:
            raise RefusedError("It is not a directory.")
        if member.issparse():  # a few bytes would fill the disk
            raise RefusedError("It is a sparse file.")
        if member.isreg():
            self._file(tar, member, names)
        elif member.issym():
            self._link(member, names)
        elif member.islnk():
            self._hard_link(judged_path(member.linkname), names)
        else:
            raise RefusedError("It is neither a file, nor a directory, nor a link.")

    def _file(self, tar: tarfile.TarFile, member: tarfile.TarInfo, names: Names) -> None:
        parent = self._cleared(names)
        permissions, time = _status(member)
        with own_errors(), os.fdopen(os.open(names[-1], _NEW_FILE, 0o600, dir_fd=parent), "wb") as file:
            data = tar.extractfile(member)
            while data and (chunk := data.read(_CHUNK)):
                file.write(chunk)
            file.flush()
            with suppress(PermissionError):  # not every file system has them
                os.fchmod(file.fileno(), permissions)
                os.utime(file.fileno(), ns=(time, time))

    def _link(self, member: tarfile.TarInfo, names: Names) -> None:
        target = judged_link(member.linkname, len(names) - 1)
        parent = self._cleared(names)
        os.symlink(target, names[-1], dir_fd=parent)
        _, time = _status(member)
        with suppress(PermissionError):
            os.utime(names[-1], ns=(time, time), dir_fd=parent, follow_symlinks=False)

    def _hard_link(self, target: Names, names: Names) -> None:
        origin = os.dup(self._open(target[:-1], make=False))
        try:
            if not target or not stat.S_ISREG(os.stat(target[-1], dir_fd=origin, follow_symlinks=False).st_mode):
                raise RefusedError("It is a hard link to what is not a file.")
            if target != names:
                parent = self._cleared(names)
                os.link(target[-1], names[-1], src_dir_fd=origin, dst_dir_fd=parent, follow_symlinks=False)
        finally:
            os.close(origin)

    def _cleared(self, names: Names) -> int:
        """Return the open directory for ``names``, with nothing in their place: an earlier member is never changed."""
        parent = self._open(names[:-1])
        with suppress(FileNotFoundError):
            if stat.S_ISDIR(os.stat(names[-1], dir_fd=parent, follow_symlinks=False).st_mode):
                raise RefusedError("A directory is in its place.")
            os.unlink(names[-1], dir_fd=parent)
        return parent

    def _open(self, names: Names, *, make: bool = True) -> int:
        """Return the open directory ``names``, which stays open until the next call."""
        if names == self._names:
            return self._handle
        handle = os.dup(self._root)
        try:
            for name in names:
                inner = self._inner(name, handle, make=make)
                os.close(handle)
                handle = inner
        except BaseException:
            os.close(handle)
            raise
        os.close(self._handle)
        self._names, self._handle = names, handle
        return handle

    def _inner(self, name: bytes, parent: int, *, make: bool) -> int:
        try:
            if make:
                self._make(name, parent)
            return os.open(name, _DIRECTORY, dir_fd=parent)
        except OSError as error:
            if error.errno in {errno.ENOTDIR, errno.ELOOP}:
                raise RefusedError("A link or a file is in the place of a directory.") from error
            raise

    def _make(self, name: bytes, parent: int) -> None:
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
        except FileExistsError:
            return
        self._made += 1
        if self._made > MOST_MEMBERS:  # one name can have many directories
            raise ArchiveError(f"It has more than {MOST_MEMBERS} directories.")


def _status(member: tarfile.TarInfo) -> Status:
    time = member.mtime if -_LATEST <= member.mtime <= _LATEST else 0  # neither infinite nor NaN
    return member.mode & _PERMISSIONS, int(time * 10**9)
