"""Files between host and guest, as `cp -r` puts them: tar on one side into tar on the other, over `limactl shell`.

`limactl copy` (2.2.0) takes a host file with a colon in its name for a guest's, and a directory lands in another place
with rsync than with scp; tar takes every name, and keeps modes, times and links the same everywhere.
"""

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.errors import UsageError, VmError
from sysinit_vm.guest import scripts
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.terminal.progress import Progress

_LOOK_SECONDS = 120
_USAGE = "sysinit-vm copy notes.txt :notes.txt, or sysinit-vm copy :notes.txt ."
# A file is unpacked beside its place and moved there, so that nobody sees half of it.
_INTO_DIRECTORY = 'mkdir -p -- "$1" && exec tar -C "$1" -xopf -'
_INTO_FILE = (
    'new=$(mktemp -d "$(dirname -- "$1")/.copy.XXXXXX") || exit; trap \'rm -rf -- "$new"\' EXIT; '
    "trap 'exit 1' HUP INT TERM; "
    'tar -C "$new" -xopf - && mv -f -- "$new/$2" "$1"'
)


@dataclass(frozen=True)
class Side:
    """The host or the guest: ``argv`` makes a host command of words that run there, ``base`` is for relative paths."""

    argv: Callable[[Sequence[str]], Sequence[str]]
    mark: str
    base: str


@dataclass(frozen=True)
class Seen:
    """What lies at a path: ``kind`` is dir, file, other, none or lost, ``real`` the path without links (absolute)."""

    kind: str
    real: str


def copy(lima: Limactl, instance: Instance, words: Sequence[str]) -> None:
    """Copy ``checked`` words, one or more sources and where they go; either side is the running guest's.

    A guest path is `:PATH`, relative to the guest's home. In a directory that is there, each keeps its name.
    UsageError for words that cannot be meant, VmError for a source that is missing or a goal that cannot be: then
    nothing was done.
    """
    host, guest = Side(tuple, "", str(Path.cwd())), Side(lambda w: lima.shell_argv(instance.name, w, "/"), ":", "")
    inside, paths = _split(instance.name, words)
    here, there = (guest, host) if inside else (host, guest)
    *sources, goal = paths
    seen = _look(lima, here, sources)
    targets = _look(lima, there, [goal, *(posixpath.join(goal or ".", _own_name(each)) for each in sources)])
    wanted = [_pair(each, found, targets, at) for at, (each, found) in enumerate(zip(sources, seen, strict=True), 1)]
    _refuse_no_directory(wanted, targets[0], goal)
    for found, target in wanted:
        _refuse_same(instance, found, target)
    with Progress(f"Copying to {there.mark}{targets[0].real}") as progress:
        for source, (found, target) in zip(sources, wanted, strict=True):
            progress.stage(f"{here.mark}{source}")
            _run(lima, here.argv(_pack(found)), there.argv(_unpack(found, target)), progress, source)


def checked(words: Sequence[str]) -> Sequence[str]:
    """Return ``words``; UsageError for too few, or an empty one: only a guest path may be empty, after its mark."""
    if len(words) < 2:  # noqa: PLR2004  # a source and where it goes
        raise UsageError("copy needs a source and a target.", hint=_USAGE)
    if "" in words:
        detail = "A variable that is not set looks like this. The current directory is `.`, the guest's home `:`."
        raise UsageError("A path is empty.", detail=detail, hint=_USAGE)
    return words


def _split(name: str, words: Sequence[str]) -> tuple[bool, list[str]]:
    """Return whether the sources are the guest's, and the paths without their marks."""
    marks = [next((mark for mark in (":", f"{name}:") if word.startswith(mark)), "") for word in words]
    inside = {bool(mark) for mark in marks[:-1]}
    if len(inside) != 1 or bool(marks[-1]) in inside:
        raise UsageError(
            "Either the source or the target must be in the guest.",
            detail=f"A path of the guest is :PATH or {name}:PATH; a host path that begins so is ./:PATH.",
            hint=_USAGE,
        )
    paths = [word.removeprefix(mark) for word, mark in zip(words, marks, strict=True)]
    return inside.pop(), ["" if mark and path in {"~", "~/"} else path for path, mark in zip(paths, marks, strict=True)]


def _own_name(path: str) -> str:
    """Return the name that a copy of ``path`` has in a directory; empty where its contents are meant, as `DIR/.`."""
    name = posixpath.basename(path.rstrip("/"))
    return "" if name in {".", ".."} else name


def _look(lima: Limactl, side: Side, paths: Sequence[str]) -> list[Seen]:
    # `./~` is a host file of that name; a host shell has expanded a leading ~ already
    said = [path if side.mark or path.startswith("/") else f"./{path}" for path in paths]
    argv = side.argv(("sh", "-c", scripts.read("look.sh"), "sh", side.base, *said))
    done = lima.read(argv, timeout=_LOOK_SECONDS)
    records = done.out.split("\0")[:-1]
    if not done.ok or len(records) != len(paths):
        raise VmError("The guest does not answer.", detail=done.err or done.out, hint="sysinit-vm logs")
    return [Seen(*record.split(" ", 1)) for record in records]


def _pair(source: str, found: Seen, targets: Sequence[Seen], at: int) -> tuple[Seen, Seen]:
    """Return what is copied and where it will lie; VmError where `cp -r` would refuse too."""
    goal = targets[0]
    target = targets[at] if goal.kind == "dir" else goal
    problem = ""
    if found.kind in {"none", "lost"}:
        problem = "There is no such file or directory."
    elif found.kind == "other":
        problem = "It is neither a file nor a directory."
    elif goal.kind == "lost":
        problem = f"{posixpath.dirname(goal.real)} is no directory."
    elif found.kind == "file" and (target.kind in {"dir", "other"}):
        problem = f"{target.real} is there, and no file."
    elif found.kind == "dir" and target.kind in {"file", "other"}:
        problem = f"{target.real} is there, and no directory."
    if problem:
        raise VmError(f"Cannot copy {source or 'the home directory'}.", detail=problem, hint=_USAGE)
    return found, target


def _refuse_no_directory(wanted: Sequence[tuple[Seen, Seen]], goal: Seen, said: str) -> None:
    """Several files, or one to a path that ends in a slash, need a directory."""
    files = any(found.kind == "file" for found, _ in wanted)
    if goal.kind != "dir" and (len(wanted) > 1 or (said.endswith("/") and files)):
        raise UsageError(f"{said} is no directory.", detail="Nothing was copied.", hint=_USAGE)


def _refuse_same(instance: Instance, found: Seen, target: Seen) -> None:
    """The project is one directory on both sides."""
    root, source, goal = instance.project_dir, Path(found.real), Path(target.real)
    shared = root is not None and source.is_relative_to(root) and goal.is_relative_to(root)
    if shared and goal.is_relative_to(source):
        raise UsageError(
            f"{source} would be copied onto itself.",
            detail=f"The project {root} is one directory, mounted in the guest.",
            hint=_USAGE,
        )


def _pack(found: Seen) -> tuple[str, ...]:
    if found.kind == "dir":
        return ("tar", "-C", found.real, "-cf", "-", ".")
    directory, name = posixpath.split(found.real)
    return ("tar", "-C", directory, "-cf", "-", f"./{name}")


def _unpack(found: Seen, target: Seen) -> tuple[str, ...]:
    """Owners are who unpacks, modes and times the archive's; both GNU's and BSD's tar take these letters."""
    if found.kind == "dir":
        return ("sh", "-c", _INTO_DIRECTORY, "sh", target.real)
    return ("sh", "-c", _INTO_FILE, "sh", target.real, posixpath.basename(found.real))


def _run(lima: Limactl, source: Sequence[str], sink: Sequence[str], progress: Progress, what: str) -> None:
    def count(size: int) -> None:
        progress.note = f"{size / 2**20:.1f} MiB"

    packed, unpacked = lima.pipe(source, sink, count)
    failed = [each for each in (unpacked, packed) if not each.ok]
    if failed:  # what unpacks tells why, where both fail: the other one lost its reader
        detail = failed[0].err or f"Exit status {failed[0].code}."
        raise VmError(f"{what} was not copied, or not all of it.", detail=detail, hint=_USAGE)
