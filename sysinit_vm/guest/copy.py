"""Files between host and guest, as `cp -r` copies them: tar on one side into tar on the other, over `limactl shell`.

`limactl copy` (2.2.0) takes a host file with a colon in its name for a guest file, and puts a directory in a different
place with rsync than with scp. tar takes every name, and keeps modes, times and links the same everywhere.
"""

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.errors import UsageError, VmError
from sysinit_vm.guest import scripts
from sysinit_vm.guest.checks import no_answer
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.terminal.progress import Progress

_INFO_SECONDS = 120
_USAGE = "sysinit-vm copy notes.txt :notes.txt, or sysinit-vm copy :notes.txt ."
# A file is unpacked beside its place and then moved there, so that nobody sees half of it.
_INTO_DIRECTORY = 'mkdir -p -- "$1" && exec tar -C "$1" -xopf -'
_INTO_FILE = (
    'new=$(mktemp -d "$(dirname -- "$1")/.copy.XXXXXX") || exit; trap \'rm -rf -- "$new"\' EXIT; '
    "trap 'exit 1' HUP INT TERM; "
    'tar -C "$new" -xopf - && mv -f -- "$new/$2" "$1"'
)


@dataclass(frozen=True)
class Side:
    """The host or the guest: ``argv`` makes a host command of words to run there; ``base`` starts relative paths."""

    argv: Callable[[Sequence[str]], Sequence[str]]
    mark: str
    base: str


@dataclass(frozen=True)
class PathInfo:
    """What is at a path: ``kind`` is dir, file, other, none or lost; ``real`` is the path without links (absolute)."""

    kind: str
    real: str


def copy(lima: Limactl, instance: Instance, words: Sequence[str]) -> None:
    """Copy ``checked`` words, one or more sources and then the target; one side is in the running guest.

    A guest path is `:PATH`, relative to the guest's home. Each source keeps its name in a target directory that exists.
    UsageError for invalid words, VmError for a missing source or an impossible target; nothing is copied then.
    """
    name = instance.name
    host, guest = Side(tuple, "", str(Path.cwd())), Side(lambda words: lima.shell_argv(name, words, "/"), ":", "")
    from_guest, paths = _split(name, words)
    here, there = (guest, host) if from_guest else (host, guest)
    *sources, goal = paths
    infos = _path_infos(lima, name, here, sources)
    targets = _path_infos(
        lima, name, there, [goal, *(posixpath.join(goal or ".", _own_name(path)) for path in sources)]
    )
    pairs = [_pair(path, info, targets, at) for at, (path, info) in enumerate(zip(sources, infos, strict=True), 1)]
    _require_directory(pairs, targets[0], goal)
    for source, target in pairs:
        _refuse_same(instance, source, target)
    with Progress(f"Copying to {there.mark}{targets[0].real}") as progress:
        for path, (source, target) in zip(sources, pairs, strict=True):
            progress.stage(f"{here.mark}{path}")
            _run(lima, here.argv(_pack(source)), there.argv(_unpack(source, target)), progress, path)


def checked(words: Sequence[str]) -> Sequence[str]:
    """Return ``words``; UsageError if there are too few or one is empty. Only a guest path may be just its mark."""
    if len(words) < 2:  # noqa: PLR2004  # a source and a target
        raise UsageError("copy needs a source and a target.", hint=_USAGE)
    if "" in words:
        detail = "Perhaps a variable is not set. The current directory is `.`, the guest's home is `:`."
        raise UsageError("A path is empty.", detail=detail, hint=_USAGE)
    return words


def _split(name: str, words: Sequence[str]) -> tuple[bool, list[str]]:
    """Return whether the sources are the guest's, and the paths without their marks."""
    marks = [next((mark for mark in (":", f"{name}:") if word.startswith(mark)), "") for word in words]
    from_guest = {bool(mark) for mark in marks[:-1]}
    if len(from_guest) != 1 or bool(marks[-1]) in from_guest:
        raise UsageError(
            "Either the source or the target must be in the guest.",
            detail=f"A guest path is :PATH or {name}:PATH; a host path that begins like that is ./:PATH.",
            hint=_USAGE,
        )
    paths = [word.removeprefix(mark) for word, mark in zip(words, marks, strict=True)]
    return from_guest.pop(), [
        "" if mark and path in {"~", "~/"} else path for path, mark in zip(paths, marks, strict=True)
    ]


def _own_name(path: str) -> str:
    """Return the name that a copy of ``path`` has in a directory; empty for its contents alone, as in `DIR/.`."""
    name = posixpath.basename(path.rstrip("/"))
    return "" if name in {".", ".."} else name


def _path_infos(lima: Limactl, name: str, side: Side, paths: Sequence[str]) -> list[PathInfo]:
    # `./~` is a host file of that name; the user's shell has expanded a leading ~ already
    words = [path if side.mark or path.startswith("/") else f"./{path}" for path in paths]
    argv = side.argv(("sh", "-c", scripts.read("path-info.sh"), "sh", side.base, *words))
    done = lima.read(argv, timeout=_INFO_SECONDS)
    records = done.out.split("\0")[:-1]
    if not done.ok or len(records) != len(paths) or not all(" " in record for record in records):
        raise no_answer(name, done)
    return [PathInfo(*record.split(" ", 1)) for record in records]


def _pair(path: str, source: PathInfo, targets: Sequence[PathInfo], at: int) -> tuple[PathInfo, PathInfo]:
    """Return what is copied and where it will be; VmError if `cp -r` would refuse too."""
    goal = targets[0]
    target = targets[at] if goal.kind == "dir" else goal
    problem = ""
    if source.kind in {"none", "lost"}:
        problem = "There is no such file or directory."
    elif source.kind == "other":
        problem = "It is neither a file nor a directory."
    elif goal.kind == "lost":
        problem = f"{posixpath.dirname(goal.real)} is not a directory."
    elif source.kind == "file" and target.kind in {"dir", "other"}:
        problem = f"{target.real} exists and is not a file."
    elif source.kind == "dir" and target.kind in {"file", "other"}:
        problem = f"{target.real} exists and is not a directory."
    if problem:
        raise VmError(f"Cannot copy {path or 'the home directory'}.", detail=problem, hint=_USAGE)
    return source, target


def _require_directory(pairs: Sequence[tuple[PathInfo, PathInfo]], goal: PathInfo, path: str) -> None:
    """Several sources, or a file to a path that ends in a slash, need a directory as the target."""
    files = any(source.kind == "file" for source, _ in pairs)
    if goal.kind != "dir" and (len(pairs) > 1 or (path.endswith("/") and files)):
        raise UsageError(f"{path} is not a directory.", detail="Nothing was copied.", hint=_USAGE)


def _refuse_same(instance: Instance, source: PathInfo, target: PathInfo) -> None:
    """The project is one directory on both sides."""
    root, origin, goal = instance.project_dir, Path(source.real), Path(target.real)
    shared = root is not None and origin.is_relative_to(root) and goal.is_relative_to(root)
    if shared and goal.is_relative_to(origin):
        raise UsageError(
            f"{origin} would be copied onto itself.",
            detail=f"The project {root} is one directory, mounted in the guest.",
            hint=_USAGE,
        )


def _pack(source: PathInfo) -> tuple[str, ...]:
    if source.kind == "dir":
        return ("tar", "-C", source.real, "-cf", "-", ".")
    directory, name = posixpath.split(source.real)
    return ("tar", "-C", directory, "-cf", "-", f"./{name}")


def _unpack(source: PathInfo, target: PathInfo) -> tuple[str, ...]:
    """Whoever unpacks owns the files; modes and times are the archive's. GNU's and BSD's tar take these letters."""
    if source.kind == "dir":
        return ("sh", "-c", _INTO_DIRECTORY, "sh", target.real)
    return ("sh", "-c", _INTO_FILE, "sh", target.real, posixpath.basename(source.real))


def _run(lima: Limactl, pack: Sequence[str], unpack: Sequence[str], progress: Progress, path: str) -> None:
    def count(size: int) -> None:
        progress.note = f"{size / 2**20:.1f} MiB"

    packed, unpacked = lima.pipe(pack, unpack, count)
    failed = [done for done in (unpacked, packed) if not done.ok]
    if failed:  # if both fail, the unpacking side says why: the other one only lost its reader
        detail = failed[0].err or f"Exit status {failed[0].code}."
        raise VmError(f"{path} was not copied, or only in part.", detail=detail, hint=_USAGE)
