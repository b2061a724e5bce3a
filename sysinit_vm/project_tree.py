"""Files below a project's directory, which a stranger may have written and the guest may change at any moment.

They are read once, never through a link, and only if they are plain and small; they are replaced the same way. Nor is
a link followed on the way to the project: another VM's guest may have put one there since the project was found.
"""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm import other_accounts
from sysinit_vm.errors import VmError, typed

_PERMISSIONS = 0o777
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_NO_LINK = os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | _NO_LINK
# A directory above the project may be one that we can pass but not list.
_STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | _NO_LINK
_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
)


@dataclass(frozen=True)
class Content:
    """What a file held when it was read, its permissions (``mode``, such as 0o644) and its ``owner``'s uid.

    ``open_to_others`` tells whether other accounts may write it. Who else could have replaced it: ``writers``, the uids
    of the directories between the root and the file, root included; and who may write in ``open_directories``, those of
    them (absolute) that others may write. In ``exchangeable``, the first of these without the sticky bit, they may also
    rename what is not theirs; None if there is none.
    """

    data: bytes
    mode: int
    owner: int
    open_to_others: bool
    writers: frozenset[int]
    open_directories: tuple[Path, ...]
    exchangeable: Path | None

    def text(self, path: Path) -> str:
        """Return it as text; VmError if it is not UTF-8. ``path`` is for the message."""
        try:
            return self.data.decode()
        except UnicodeDecodeError as error:
            raise refused(path, f"It is not UTF-8: {error}.") from error


def read(root: Path, relative: Path, longest: int) -> Content | None:
    """Return the file ``relative`` below ``root`` (absolute, links resolved), None if there is none.

    VmError if it, or a directory on the way to it, those above ``root`` too, is a link; if it is no plain file, is
    longer than ``longest`` bytes, or cannot be read. It never waits: a FIFO or a device is refused unopened.
    """
    path = root / relative
    try:
        with _directory(root, relative.parent) as folder:
            _require_file(path, os.stat(path.name, dir_fd=folder.handle, follow_symlinks=False))
            handle = os.open(path.name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | _NO_LINK, dir_fd=folder.handle)
            try:
                status = os.fstat(handle)
                _require_file(path, status)
                with os.fdopen(handle, "rb", closefd=False) as stream:
                    data = stream.read(longest + 1)
                others = other_accounts.may_write(handle, status)
            finally:
                os.close(handle)
    except (FileNotFoundError, NotADirectoryError):
        _refuse_links(root, relative)
        return None
    except (OSError, ValueError) as error:
        _refuse_links(root, relative)
        raise refused(path, getattr(error, "strerror", "") or str(error)) from error
    if len(data) > longest:
        raise refused(path, f"It has more than {longest} bytes.", _aside(path))
    mode, owner = status.st_mode & _PERMISSIONS, status.st_uid
    return Content(data, mode, owner, others, folder.owners, tuple(folder.open), folder.exchangeable)


def _require_file(path: Path, status: os.stat_result) -> None:
    """VmError if ``status`` is neither a file's nor a link's: to open a device may start something."""
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISLNK(status.st_mode):
        raise refused(path, f"It is {_kind(status.st_mode)}, not a file.", _aside(path))


def write(
    root: Path, relative: Path, data: bytes, *, mode: int = 0o644, parents: bool = True, new: bool = False
) -> None:
    """Replace the file ``relative`` below ``root`` (absolute, links resolved) with ``data``, whole or not at all.

    With ``parents``, directories on the way are made if they are missing. VmError if one of them is a link or the
    system refuses; a link in the file's own place is refused too. ``new`` says that there is none: VmError if one has
    come.
    """
    from secrets import token_hex

    path = root / relative
    temporary = f".{path.name[:200]}.{token_hex(4)}"
    try:
        with _directory(root, relative.parent, make=parents) as folder:
            _refuse_links(root, relative)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK
            handle = os.open(temporary, flags, 0o600, dir_fd=folder.handle)
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(handle)
                    os.fchmod(handle, mode)
                (_move_to_free_name if new else os.replace)(
                    temporary, path.name, src_dir_fd=folder.handle, dst_dir_fd=folder.handle
                )
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=folder.handle)
                raise
    except (OSError, ValueError) as error:
        _refuse_links(root, relative)
        reason = getattr(error, "strerror", "") or str(error)
        full = getattr(error, "errno", 0) in {errno.ENOSPC, errno.EDQUOT}
        hint = typed("df", "-h", root) if full else typed("ls", "-ld", path.parent)
        raise VmError(f"Cannot write {path}.", detail=reason, hint=hint) from error


def _move_to_free_name(source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
    """As os.replace, but FileExistsError if there is a ``target``; where there are no hard links nobody can tell."""
    try:
        os.link(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        os.replace(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
    else:
        os.unlink(source, dir_fd=src_dir_fd)


def remove(root: Path, relative: Path) -> None:
    """Remove the file, link or empty directory ``relative`` below ``root`` if it is there and can be removed.

    Nothing that a link leads to is touched.
    """
    with suppress(OSError, ValueError), _directory(root, relative.parent) as folder:
        try:
            os.unlink(relative.name, dir_fd=folder.handle)
        except (IsADirectoryError, PermissionError):  # the latter is macOS's word for a directory
            os.rmdir(relative.name, dir_fd=folder.handle)


def exists(root: Path, relative: Path) -> bool:
    """Whether anything, a dangling link included, is at ``relative`` below ``root``; links on the way are refused."""
    try:
        with _directory(root, relative.parent) as folder:
            os.stat(relative.name, dir_fd=folder.handle, follow_symlinks=False)
    except (OSError, ValueError):
        _refuse_links(root, relative.parent)
        return False
    return True


@dataclass(frozen=True)
class _Folder:
    """An open directory, the owners of all on the way to it, and the modes of those that others may write, by path."""

    handle: int
    owners: frozenset[int]
    open: Mapping[Path, int]

    @property
    def exchangeable(self) -> Path | None:
        return next((path for path, mode in self.open.items() if not mode & stat.S_ISVTX), None)


@contextmanager
def _directory(root: Path, relative: Path, *, make: bool = False) -> Iterator[_Folder]:
    """Open ``root`` and the directory ``relative`` below it, one name after the other; OSError if one is a link.

    Who may write is told of ``root`` and of what is below it.
    """
    path, owners, others = root, set[int](), dict[Path, int]()
    handle = os.open(root.anchor, _STEP)

    def enter(name: str, flags: int = _DIRECTORY) -> None:
        nonlocal handle
        inner = os.open(name, flags, dir_fd=handle)
        os.close(handle)
        handle = inner

    def look() -> None:
        status = os.fstat(handle)
        owners.add(status.st_uid)
        if other_accounts.may_write(handle, status):
            others[path] = status.st_mode

    try:
        for name in root.parts[1:-1]:
            enter(name, _STEP)
        enter(root.name or ".")
        look()
        for name in relative.parts:
            if name in {"..", "/", "//"}:
                raise OSError(errno.EINVAL, "It leads out of its directory")
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=handle)
            enter(name)
            path /= name
            look()
        yield _Folder(handle, frozenset(owners), others)
    finally:
        os.close(handle)


def _refuse_links(root: Path, relative: Path) -> None:
    """VmError if ``relative`` or a directory on the way to it is a link: the system's own words do not say which."""
    whole = root / relative
    for path in (*reversed(whole.parents), whole):
        with suppress(OSError, ValueError):
            if stat.S_ISLNK(os.lstat(path).st_mode):
                hint = "" if root.is_relative_to(path) else typed("rm", path)
                raise refused(path, "It is a link, which may lead anywhere on this machine.", hint)


def _kind(mode: int) -> str:
    return next((words for matches, words in _KINDS if matches(mode)), "a device")


def _aside(path: Path) -> str:
    """Return the command that keeps what is at ``path`` under another name."""
    return typed("mv", path, path.with_name(f"{path.name}.old"))


def refused(path: Path, why: str, hint: str = "") -> VmError:
    """Return the error for a project's file at ``path`` (absolute) that is not read; by default the hint lists it."""
    return VmError(f"Cannot use {path}.", detail=why, hint=hint or typed("ls", "-ld", path))
