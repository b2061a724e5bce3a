"""Files that are replaced whole or not at all, and the files that are shipped with the package."""

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

from sysinit_vm import guest_writes, other_accounts
from sysinit_vm.errors import VmError, typed

PACKAGE = Path(__file__).resolve().parent
LONGEST_LINE = 2**14  # bytes
_LONGEST = 2**24  # bytes
_ELSEWHERE = "unset the variable that names it, LIMA_HOME or one of XDG_*"
_OF_THE_SYSTEM = {"bin", "boot", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys", "usr", "var"}  # below /


def data(name: str) -> Path:
    """Return the absolute path of a shipped file or folder, such as ``templates`` or ``Taskfile.yml``.

    A wheel has them in the package's ``data``, a checkout at its top level.
    """
    shipped = PACKAGE / "data" / name
    return shipped if shipped.exists() else PACKAGE.parent / name


def read(path: Path, longest: int, *, own: bool = False) -> bytes:
    """Return what the file ``path`` (absolute; links are followed) holds. It never waits, as for a FIFO.

    OSError if it is missing, ValueError if it is no plain file or has more than ``longest`` bytes; with ``own`` also if
    it is another account's than the user's or root's.
    """
    with opened(path) as stream:
        if own and os.fstat(stream.fileno()).st_uid not in {os.getuid(), 0}:
            raise ValueError(f"{path} is another account's.")
        data = stream.read(longest + 1)
    if len(data) > longest:
        raise ValueError(f"{path} has more than {longest} bytes.")
    return data


def is_there(path: Path) -> bool:
    """Whether anything is at ``path`` (absolute), which may be a link, or the system refuses to say that."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def read_or_empty(path: Path) -> str:
    """Return the text of ``path`` (UTF-8; other bytes are replaced).

    It is empty if the file is missing, cannot be read, is no plain file or has more than 16 MiB.
    """
    try:
        return read(path, _LONGEST).decode(errors="replace")
    except (OSError, ValueError):
        return ""


def lines(path: Path, *, last: int | None = None, end: int | None = None, whole: bool = False) -> Iterator[str]:
    """Yield the lines of the plain file ``path`` one by one, because a log may be huge; none if it cannot be read.

    A line of more than LONGEST_LINE bytes comes in pieces, or not at all if only ``whole`` ones are wanted: a piece
    could be made to look like a line. With ``last``, only that many bytes at the file's end are read, so the first line
    may lack its beginning; with ``end``, the file is taken to end after that many bytes.
    """
    try:
        stream = opened(path)
    except (OSError, ValueError):
        return
    with stream:
        left = sys.maxsize if end is None else end
        if last is not None:
            start = max(0, min(left, os.fstat(stream.fileno()).st_size) - last)
            left -= stream.seek(start)
        cut = False
        while line := stream.readline(min(LONGEST_LINE, left)):
            left -= len(line)
            continued, cut = cut, len(line) == LONGEST_LINE and not line.endswith(b"\n")
            if whole and (continued or cut):
                continue
            yield line.decode(errors="replace").removesuffix("\n").removesuffix("\r")


def opened(path: Path, mode: Literal["rb", "wb", "ab"] = "rb") -> IO[bytes]:
    """Open the plain file ``path`` (absolute) as ``open`` does, without waiting, as for the other end of a FIFO.

    A link is followed only to read; a new file is for its user alone. OSError if it cannot be opened, ValueError if it
    is no plain file.
    """
    stream = open(path, mode, opener=_without_waiting)  # noqa: SIM115  # Path.open takes no opener
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise ValueError(f"{path} is not a file.")
    return stream


def _without_waiting(path: str, flags: int) -> int:
    links = os.O_NOFOLLOW if flags & os.O_ACCMODE != os.O_RDONLY else 0
    return os.open(path, flags | links | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, 0o600)


def write(path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
    """Replace ``path`` (absolute) with ``content`` (text as UTF-8) atomically; parent directories are created.

    VmError with the system's reason if it cannot be written; the old file stays as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise unwritable(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def require_private(directory: Path, *, may_be_file: bool = False) -> Path:
    """Return ``directory`` (absolute), which need not exist, with links resolved.

    VmError if another account or a guest can put files into it, or lead a link on the way to it elsewhere: where others
    may write above it, they must not be able to rename what is not theirs (as in /tmp). A group counts as others,
    unless it is the user's own and nobody else's. So is it if something there is no directory, but for what
    ``may_be_file``: without a cache much still works.
    """
    real = require_no_guest(directory)
    for place in guest_writes.ways(directory):
        with suppress(FileNotFoundError, NotADirectoryError):
            status = place.lstat()
            if os.getuid() and status.st_uid not in {os.getuid(), 0}:
                why = f"It is the account {status.st_uid}'s."
            elif stat.S_ISLNK(status.st_mode):
                continue
            elif not stat.S_ISDIR(status.st_mode) and not may_be_file:
                why = f"{place} is not a directory."
            elif (place == real or not status.st_mode & stat.S_ISVTX) and other_accounts.may_write(place, status):
                why = f"Others may write {place}."
            else:
                continue
            hint = typed("chmod", "go-w", place) if _is_users_own(place, status) else _ELSEWHERE
            raise VmError(f"{directory} is not safe to use.", detail=why, hint=hint)
    return real


def _is_users_own(place: Path, status: os.stat_result) -> bool:
    """Whether it is a directory that its user may close to others; for root, none that others or the system need."""
    if not stat.S_ISDIR(status.st_mode) or status.st_mode & stat.S_ISVTX or status.st_uid != os.getuid():
        return False
    below = place.parts[1:]
    return bool(os.getuid()) or place == Path.home() or (len(below) > 1 and below[0] not in _OF_THE_SYSTEM)


def require_no_guest(path: Path, hint: str = _ELSEWHERE) -> Path:
    """Return ``path`` (absolute, need not exist) with links resolved; VmError with ``hint`` if a guest can write it."""
    if guest_writes.is_guests(path):
        raise VmError(
            f"{path} is not safe to use.",
            detail="The guest of a project can write there, and so put in what it likes.",
            hint=hint,
        )
    return Path(os.path.realpath(path))  # resolve() raises if links lead in a circle


def unwritable(path: Path, error: OSError) -> VmError:
    """Return the error if the system refuses to write the file ``path`` (absolute): its directory, or the disk."""
    return denied("write", path, error, hint=f"{typed('ls', '-ld', path.parent)}; {typed('df', path.parent)}")


def denied(verb: str, path: Path, error: OSError, *, hint: str = "") -> VmError:
    """Return the error if the system refuses to ``verb`` the ``path`` (absolute); by default the hint lists it."""
    return VmError(f"Cannot {verb} {path}.", detail=error.strerror or str(error), hint=hint or typed("ls", "-ld", path))
