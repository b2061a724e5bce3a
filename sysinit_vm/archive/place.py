"""A fresh directory, and how its contents take their places elsewhere: by renaming, and never through a link."""

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress

from sysinit_vm.archive.names import Names
from sysinit_vm.archive.unpack import Status

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_STEPS = 1000  # of a chain of links
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
    refused = refused if path else links_through_links(source, target)
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


def links_through_links(source: int, target: int) -> frozenset[Names]:
    """Return the links of ``source`` that in ``target`` would lead through a link that is there and stays.

    They were judged by their texts, which says nothing of what the user has in the target.
    """
    links = {
        (*_steps(directory), name): _steps(text)
        for directory, directories, others, handle in os.fwalk(b".", dir_fd=source)
        for name in (*directories, *others)
        if (text := _link(handle, (name,))) is not None
    }
    refused, more = set[Names](), True
    while more:  # a link that is left out replaces none of the user's
        stay = {path: text for path, text in links.items() if path not in refused}
        new = {path for path, text in stay.items() if _leaves(path[:-1], text, stay, source, target)}
        refused, more = refused | new, bool(new)
    return frozenset(refused)


def _leaves(start: Names, text: Names, links: Mapping[Names, Names], source: int, target: int) -> bool:
    """Whether the link ``text`` in the directory ``start`` leads through a link that only the target has, or out."""
    at, steps, left = list(start), list(text), _MOST_STEPS
    while steps and left:
        step, left = steps.pop(0), left - 1
        if step == b"..":
            if not at:
                return True
            at.pop()
            continue
        path = (*at, step)
        if path in links:
            steps = [*links[path], *steps]
        elif _link(target, path) is not None and not _is_file(source, path):
            return True
        else:
            at.append(step)
    return not left


def _steps(path: bytes) -> Names:
    return tuple(step for step in path.split(b"/") if step not in {b"", b"."})


def _link(below: int, path: Names) -> bytes | None:
    with suppress(OSError):
        return os.readlink(b"/".join(path), dir_fd=below)
    return None


def _is_file(below: int, path: Names) -> bool:
    with suppress(OSError):
        return stat.S_ISREG(os.stat(b"/".join(path), dir_fd=below, follow_symlinks=False).st_mode)
    return False


def _why(error: OSError) -> str:
    if error.errno in {errno.ENOTDIR, errno.ELOOP}:
        return "A link or a file is in its place, where it is a directory."
    return f"{error.strerror}."
