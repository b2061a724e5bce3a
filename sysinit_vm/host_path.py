"""A path of this machine as a user typed it, looked up once, one name after the other, and then held open.

For what is only compared, ``expanded`` and ``resolved`` never fail, as Path's own methods do.

The user's own links are followed. Where a guest can write, none is: it may lead anywhere, and only since a moment ago.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.errors import VmError, typed
from sysinit_vm.guest_writes import Identity, Written, identity, ways

_MOST_LINKS = 40  # as Linux does
# A directory on the way may be one that we can pass but not list.
_STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = ((stat.S_ISDIR, "dir"), (stat.S_ISREG, "file"), (stat.S_ISLNK, "link"))


def expanded(path: str) -> Path:
    """Return ``path`` with a home directory for ``~`` at its beginning; as it is if there is no such account."""
    return Path(os.path.expanduser(path))  # noqa: PTH111  # Path's raises RuntimeError


def resolved(path: str | Path) -> Path:
    """Return ``path`` absolute and with its links resolved, as far as they lead anywhere but to themselves."""
    try:
        return Path(os.path.realpath(path))
    except OSError:  # a link has become a directory meanwhile
        return ways(Path(path).absolute())[-1]


@dataclass(frozen=True)
class HostPath:
    """What is at a path. ``real`` is the path without links (absolute).

    ``kind`` is dir, file, other, link (one that was not followed), none, or lost if its directory is missing too.
    ``parent`` is the open directory that it is in, and ``name`` its name there; empty for a ``dir``, which is itself
    open as ``parent``.
    """

    kind: str
    real: str
    parent: int
    name: str

    def inner(self, name: str) -> "HostPath":
        """Return what has the ``name`` in this directory, itself if that is empty; links are not followed."""
        if not name:
            return self
        return HostPath(_kind(name, self.parent), f"{self.real.rstrip('/')}/{name}", self.parent, name)


@contextmanager
def looked_up(path: str, guest_writes: Iterable[Path | Written]) -> Iterator[HostPath]:
    """Yield what is at ``path``, relative to the current directory; its directory is open in the meantime.

    In and below the directories ``guest_writes`` (absolute), and those that have a config of ours, no link is followed:
    VmError if one is on the way, or if the system refuses.
    """
    try:
        walk = _Walk(frozenset(_identities(guest_writes)))
    except OSError as error:
        raise _refused(path, error.strerror) from error
    try:
        yield walk.to(path)
    finally:
        walk.close()


def of_socket(path: str, *, reverse: bool) -> str:
    """Return where a forward's host socket at ``path`` (absolute) is, without links.

    A ``reverse`` one is used through a link; any other is put in place of what is there, a link too.
    """
    return str(resolved(path) if reverse else resolved(os.path.dirname(path)) / os.path.basename(path))  # noqa: PTH119, PTH120


class _Walk:
    """The open directories from the root of the file system to where it is now; ``..`` goes back to one of them."""

    def __init__(self, guarded: frozenset[Identity]) -> None:
        self._guarded = guarded
        self._names, self._handles = list[str](), [os.open("/", _STEP)]

    def close(self) -> None:
        while self._handles:
            os.close(self._handles.pop())

    def to(self, path: str) -> HostPath:
        """Go to ``path`` and return what is there."""
        try:
            return self._to([*([] if path.startswith("/") else str(Path.cwd()).split("/")), *path.split("/")])
        except OSError as error:
            raise _refused(path, error.strerror) from error

    def _to(self, names: list[str]) -> HostPath:
        links = 0
        while names:
            name, *names = names
            if name in {"", "."}:
                continue
            if name == "..":
                self._up()
                continue
            kind = _kind(name, self._handles[-1])
            if kind == "dir":
                self._down(name)
            elif kind == "link" and links < _MOST_LINKS:
                links += 1
                names = [*self._followed(name), *names]
            else:
                return self._end(kind, name, names)
        return HostPath("dir", self._real(), self._handles[-1], "")

    def _up(self) -> None:
        if self._names:
            self._names.pop()
            os.close(self._handles.pop())

    def _down(self, name: str) -> None:
        self._handles.append(os.open(name, _STEP, dir_fd=self._handles[-1]))
        self._names.append(name)

    def _followed(self, name: str) -> list[str]:
        """Return the names that the link ``name`` leads to, and go to where they begin."""
        if any(identity(os.fstat(handle)) in self._guarded or _is_project(handle) for handle in self._handles):
            why = "It is a link, which may lead anywhere on this machine: the guest can write there."
            raise _refused(self._real(name), why)
        target = os.readlink(name, dir_fd=self._handles[-1])
        while target.startswith("/") and self._names:
            self._up()
        return target.split("/")

    def _end(self, kind: str, name: str, others: list[str]) -> HostPath:
        """Return what is at ``name``, which is no directory, though ``others`` follow it."""
        missing_directory = any(other not in {"", "."} for other in others)
        if kind == "link" or missing_directory or (others and kind != "none"):
            kind = "lost"
        return HostPath(kind, self._real(name, *others), self._handles[-1], name)

    def _real(self, *inner: str) -> str:
        return "/" + "/".join([*self._names, *inner])


def _kind(name: str, parent: int) -> str:
    try:
        mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return "none"
    return next((kind for matches, kind in _KINDS if matches(mode)), "other")


def _identities(directories: Iterable[Path | Written]) -> Iterator[Identity]:
    for directory in directories:
        if isinstance(directory, Written):
            yield directory.identity
            continue
        with suppress(OSError):
            yield identity(directory.stat())


def _is_project(handle: int) -> bool:
    """Whether the open directory has a config of ours: a guest whose VM is destroyed may have left links in it."""
    with suppress(OSError):
        os.stat(".lima/config.yaml", dir_fd=handle, follow_symlinks=False)
        return True
    return False


def _refused(path: str, why: str | None) -> VmError:
    return VmError(f"Cannot use {path}.", detail=why or "", hint=typed("ls", "-ld", path))
