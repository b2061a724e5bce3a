"""Files between host and guest, as `cp -r` copies them: what goes where. ``transfer`` copies each of them.

`limactl copy` (2.2.0) takes a host file with a colon in its name for a guest file, and puts a directory in a different
place with rsync than with scp. tar takes every name, and keeps modes, times and links the same everywhere.
"""

import os
import posixpath
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sysinit_vm.archive.left_out import LeftOut
from sysinit_vm.errors import UsageError, VmError, typed
from sysinit_vm.escaping import printable
from sysinit_vm.guest import scripts
from sysinit_vm.guest.checks import no_answer
from sysinit_vm.guest.transfer import HELP, USAGE, PathInfo, Transfer
from sysinit_vm.guest_writes import Written
from sysinit_vm.host_path import HostPath, looked_up
from sysinit_vm.interrupts import signals_as_interrupt
from sysinit_vm.lima.home import all_instance_files
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress

_HOST = re.compile(r"[^/:]+:")  # before a path, as scp has it
_INFO_SECONDS = 120
_LONGEST_PATH = 1000  # characters, shown
_KINDS = {"dir", "file", "other", "none", "lost"}

Info = PathInfo | HostPath
# What is copied, and the directory that its archive's names are in (both shown to the user), its path as it was typed,
# and how.
Copy = tuple[str, str, str, Callable[[Transfer], None]]


def copy(lima: Limactl, instance: Instance, words: Sequence[str], guest_writes: Sequence[Path | Written]) -> None:
    """Copy ``checked`` words, one or more sources and then the target; one side is in the running guest.

    No link is followed in the directories ``guest_writes`` (absolute), which this or another VM's guest can write.
    A guest path is `:PATH`, relative to the guest's home. Each source keeps its name in a target directory that exists.
    UsageError for invalid words, VmError for a missing source or an impossible target; nothing is copied then.
    VmError at the end if something was left out; the rest is copied then.
    """
    from_guest, (*sources, goal) = _split(instance.name, words)
    with signals_as_interrupt():  # so that it removes what is half
        (_out_of_guest if from_guest else _into_guest)(lima, instance, sources, goal, guest_writes)


def _out_of_guest(
    lima: Limactl, instance: Instance, paths: Sequence[str], goal: str, guest_writes: Sequence[Path | Written]
) -> None:
    with looked_up(goal, guest_writes) as target:
        sources = _guest_infos(lima, instance.name, paths)
        targets = [target.inner(_own_name(path)) if target.kind == "dir" else target for path in paths]
        _require_possible(instance, paths, sources, goal, target, targets)
        copies: list[Copy] = [
            (f":{path}", f":{_base(path, source)}", path, partial(Transfer.receive, source=source, target=inner))
            for path, source, inner in zip(paths, sources, targets, strict=True)
        ]
        _run(lima, instance.name, f"Copying to {_shown(target)}", copies)


def _into_guest(
    lima: Limactl, instance: Instance, paths: Sequence[str], goal: str, guest_writes: Sequence[Path | Written]
) -> None:
    sources = [_host_info(path, guest_writes) for path in paths]
    inner_goals = [posixpath.join(goal or ".", _own_name(path)) for path in paths]
    target, *targets = _guest_infos(lima, instance.name, [goal, *inner_goals])
    targets = targets if target.kind == "dir" else [target] * len(paths)
    _require_possible(instance, paths, sources, goal, target, targets)
    copies: list[Copy] = [
        (
            path,
            _base(path, source),
            path,
            partial(Transfer.send, source=source, target=inner, guest_writes=guest_writes),
        )
        for path, source, inner in zip(paths, sources, targets, strict=True)
    ]
    _run(lima, instance.name, f"Copying to :{_shown(target)}", copies)


def _run(lima: Limactl, name: str, title: str, copies: Sequence[Copy]) -> None:
    left_out = LeftOut()
    try:
        with Progress(title) as progress:
            for shown, base, path, run in copies:
                progress.stage(shown)
                run(Transfer(lima, name, path, partial(_leave_out, left_out, base), partial(_count, progress)))
    except VmError:
        if left_out.count:
            say(left_out.text())
        raise
    if left_out.count:
        raise VmError(f"Left out: {left_out.count}. The rest was copied.", detail=left_out.text())


def _base(path: str, source: PathInfo) -> str:
    """Return the directory of what is in the archive: one of a single file has that file's own name."""
    return path if source.kind == "dir" else posixpath.dirname(source.real)


def _leave_out(left_out: LeftOut, base: str, inner: str, why: str) -> None:
    left_out.add(posixpath.join(base, inner.removeprefix("./")), why)


def _count(progress: Progress, size: int) -> None:
    progress.note = f"{size / 2**20:.1f} MiB"


def checked(words: Sequence[str]) -> Sequence[str]:
    """Return ``words``; UsageError if there are too few, one is empty, or all are clearly on one side.

    Only a guest path may be just its mark. What a VM's name before the colon means is known with the VM, later.
    """
    if len(words) < 2:  # noqa: PLR2004  # a source and a target
        raise UsageError("copy needs a source and a target.", hint=USAGE)
    if "" in words:
        detail = "Perhaps a variable is not set. The current directory is `.`, the guest's home is `:`."
        raise UsageError("A path is empty.", detail=detail, hint=USAGE)
    if all(word.startswith(":") for word in words):
        inside = typed("cp", "-r", *(word[1:] or "." for word in words))
        hint = typed("sysinit-vm", "exec", "sh", "-c", f"cd && {inside}")
        raise UsageError("Both sides are in the guest.", detail="`exec` runs a command there.", hint=hint)
    if not any(":" in word.partition("/")[0] for word in words):
        raise _neither(words)
    return words


def _neither(words: Sequence[str]) -> UsageError:
    """Return the error for host paths alone. What is not on the host is meant to come from the guest."""
    *sources, goal = words
    into = all(os.path.lexists(os.path.expanduser(source)) for source in sources)  # noqa: PTH111
    meant = [*sources, f":{goal}"] if into else [*(f":{source}" for source in sources), goal]
    return UsageError(
        "Neither side is in the guest.",
        detail="A guest path begins with a colon: :PATH, relative to the home directory there.",
        hint=typed("sysinit-vm", "copy", *meant),
    )


def _without_host(words: Sequence[str]) -> str:
    """Return the command for ``words`` whose guest paths begin as for scp, with a user or a host; else an example."""
    meant = [_HOST.sub(":", word) for word in words]
    sides = [word.startswith(":") for word in meant]
    return typed("sysinit-vm", "copy", *meant) if len({*sides[:-1], not sides[-1]}) == 1 else USAGE


def _split(name: str, words: Sequence[str]) -> tuple[bool, list[str]]:
    """Return whether the sources are the guest's, and the paths without their marks."""
    marks = [next((mark for mark in (":", f"{name}:") if word.startswith(mark)), "") for word in words]
    from_guest = {bool(mark) for mark in marks[:-1]}
    if len(from_guest) != 1 or bool(marks[-1]) in from_guest:
        _refuse_other_vm(words)
        raise UsageError(
            "Either the source or the target must be in the guest.",
            detail=f"A guest path is :PATH or {name}:PATH; a host path that begins like that is ./:PATH. "
            "--name VM chooses another VM.",
            hint=_without_host(words),
        )
    paths = [word.removeprefix(mark) for word, mark in zip(words, marks, strict=True)]
    return from_guest.pop(), [
        "" if mark and path in {"~", "~/"} else path for path, mark in zip(paths, marks, strict=True)
    ]


def _refuse_other_vm(words: Sequence[str]) -> None:
    """Raise UsageError if a word begins with the name of another VM of this machine and a colon."""
    others = {files.name for files in all_instance_files()}
    other = next((name for name, colon, _ in (word.partition(":") for word in words) if colon and name in others), "")
    if other:
        meant = [word.removeprefix(other) if word.startswith(f"{other}:") else word for word in words]
        raise UsageError(
            f"{other} is another VM.",
            detail="--name VM chooses a VM.",
            hint=typed("sysinit-vm", "copy", "--name", other, *meant),
        )


def _own_name(path: str) -> str:
    """Return the name that a copy of ``path`` has in a directory; empty for its contents alone, as in `DIR/.`."""
    name = posixpath.basename(path.rstrip("/"))
    return "" if name in {".", ".."} else name


def _host_info(path: str, guest_writes: Sequence[Path | Written]) -> PathInfo:
    with looked_up(path, guest_writes) as place:
        return PathInfo(place.kind, place.real)


def _guest_infos(lima: Limactl, name: str, paths: Sequence[str]) -> list[PathInfo]:
    """Return what the guest says; VmError if that is not what the script prints."""
    done = lima.run(name, ("sh", "-c", scripts.read("path-info.sh"), "sh", *paths), timeout=_INFO_SECONDS)
    infos = [PathInfo(*record.partition(" ")[::2]) for record in done.out.split("\0")[:-1]]
    sane = all(info.kind in _KINDS and info.real.startswith("/") for info in infos)
    if not done.ok or len(infos) != len(paths) or not sane:
        raise no_answer(name, done)
    return infos


def _require_possible(
    instance: Instance,
    paths: Sequence[str],
    sources: Sequence[Info],
    goal: str,
    target: Info,
    targets: Sequence[Info],
) -> None:
    """Raise VmError for what `cp -r` would refuse too; ``targets`` are where each of ``sources`` will be."""
    for path, source, inner in zip(paths, sources, targets, strict=True):
        problem = _problem(source, target, inner)
        if problem:
            raise VmError(f"Cannot copy {path or 'the home directory'}.", detail=problem, hint=HELP)
    # several sources, or a file to a path that ends in a slash, need a directory as the target
    files = any(source.kind == "file" for source in sources)
    if target.kind != "dir" and (len(sources) > 1 or (goal.endswith("/") and files)):
        raise UsageError(f"{goal} is not a directory.", detail="Nothing was copied.", hint=HELP)
    for source, inner in zip(sources, targets, strict=True):
        _refuse_same(instance, source, inner)


def _problem(source: Info, goal: Info, target: Info) -> str:
    """Return why ``source`` cannot be copied to ``target``, empty if it can."""
    if source.kind in {"none", "lost"}:
        return "There is no such file or directory."
    if source.kind == "other":
        return "It is neither a file nor a directory."
    if goal.kind == "lost":
        return f"{printable(posixpath.dirname(goal.real), _LONGEST_PATH)} is not a directory."
    if source.kind == "file" and target.kind in {"dir", "other"}:
        return f"{_shown(target)} exists and is not a file."
    if source.kind == "dir" and target.kind == "link":
        return f"{_shown(target)} is a link, which is not followed: it may be the guest's."
    if source.kind == "dir" and target.kind in {"file", "other"}:
        return f"{_shown(target)} exists and is not a directory."
    return ""


def _shown(info: Info) -> str:
    return printable(info.real, _LONGEST_PATH)


def _refuse_same(instance: Instance, source: Info, target: Info) -> None:
    """The project is one directory on both sides."""
    root, origin, goal = instance.project_dir, Path(source.real), Path(target.real)
    shared = root is not None and origin.is_relative_to(root) and goal.is_relative_to(root)
    if shared and goal.is_relative_to(origin):
        raise UsageError(
            f"{_shown(source)} would be copied onto itself.",
            detail=f"The project {root} is one directory, mounted in the guest.",
            hint=HELP,
        )
