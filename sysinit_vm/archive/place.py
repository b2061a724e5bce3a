"""A fresh directory, and how its contents take their places elsewhere: by renaming, and never through a link."""

import errno
import os
import posixpath
import secrets
import shutil
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from sysinit_vm.archive.names import Names
from sysinit_vm.archive.unpack import Status

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
LeaveOut = Callable[[str, str], None]


@contextmanager
def fresh_directory(parent: int) -> Iterator[int]:
    """Yield a new open directory with mode 0700 in the open directory ``parent``; it is removed at the end.

    OSError if the system refuses.
    """
    name = f".copy.{secrets.token_hex(8)}"
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
        with opened(name, parent) as handle:
            yield handle
    finally:
        shutil.rmtree(name, ignore_errors=True, dir_fd=parent)


@contextmanager
def opened(name: str, parent: int) -> Iterator[int]:
    """Yield the directory ``name`` of the open directory ``parent``, open; OSError if it is a link, for one."""
    handle = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        yield handle
    finally:
        os.close(handle)


def place_file(name: str, source: int, target_name: str, target: int) -> None:
    """Move the file ``name`` of the open directory ``source`` to the open directory ``target``; OSError if refused.

    A file or a link of that name is replaced, whatever the link leads to.
    """
    os.rename(name, target_name, src_dir_fd=source, dst_dir_fd=target)


def place_directory(
    source: int,
    target_name: str,
    target: int,
    statuses: Mapping[Names, Status],
    leave_out: LeaveOut,
    path: Names = (),
    refused: Collection[Names] = (),
) -> None:
    """Move what is in the open directory ``source`` to ``target_name`` in the open directory ``target``.

    It is made if it is missing, and then gets the status that ``statuses`` has for ``path``. OSError if it cannot be
    made or opened; the rest is as for ``merge``.
    """
    status = statuses.get(path)
    try:
        os.mkdir(target_name, 0o777 if status is None else 0o700, dir_fd=target)
        made = True
    except FileExistsError:
        made = False
    with opened(target_name, target) as handle:
        if not path:
            refused = frozenset(_links_through_links(source, handle))
        merge(source, handle, statuses, leave_out, path, refused)
        if made and status is not None:
            permissions, time = status
            with suppress(PermissionError):  # not every file system has them
                os.fchmod(handle, permissions)
                os.utime(handle, ns=(time, time))


def merge(
    source: int,
    target: int,
    statuses: Mapping[Names, Status],
    leave_out: LeaveOut,
    path: Names = (),
    refused: Collection[Names] = (),
) -> None:
    """Move what is in the open directory ``source`` into the open directory ``target``.

    Directories are merged, and those that exist keep their mode. A file or a link takes the place of a file or a link.
    ``leave_out`` gets the path of each entry whose place is taken otherwise, or that is ``refused``, and a sentence
    that says why. ``path`` is where ``source`` is in the copied tree.
    """
    with os.scandir(source) as entries:
        names = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in names:
        inner = (*path, os.fsencode(name))
        try:
            if is_directory:
                with opened(name, source) as handle:
                    place_directory(handle, name, target, statuses, leave_out, inner, refused)
            elif inner in refused:
                leave_out(os.fsdecode(b"/".join(inner)), "It leads through a link that is there already.")
            else:
                place_file(name, source, name, target)
        except OSError as error:
            leave_out(os.fsdecode(b"/".join(inner)), _why(error))


def _links_through_links(source: int, target: int) -> Iterator[Names]:
    """Yield the links of ``source`` that in ``target`` would lead through a link that is there and stays.

    They were judged by their texts, which says nothing of what the user has in the target.
    """
    for directory, directories, others, handle in os.fwalk(b".", dir_fd=source):
        for name in (*directories, *others):
            with suppress(OSError):  # it is no link
                text = os.readlink(name, dir_fd=handle)
                path = posixpath.normpath(posixpath.join(directory, text)).split(b"/")
                steps = [path[:end] for end in range(1, len(path) + 1)]
                if any(_is_link(step, target) and not _is_link(step, source) for step in steps):
                    yield (*(step for step in directory.split(b"/") if step != b"."), name)


def _is_link(path: Sequence[bytes], below: int) -> bool:
    with suppress(OSError):
        return stat.S_ISLNK(os.stat(b"/".join(path), dir_fd=below, follow_symlinks=False).st_mode)
    return False


def _why(error: OSError) -> str:
    if error.errno in {errno.ENOTDIR, errno.ELOOP}:
        return "A link or a file is in its place, where it is a directory."
    return f"{error.strerror}."
