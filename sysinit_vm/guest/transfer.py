"""One file or directory as a tar stream, into the guest or out of it.

The guest runs tar. This side is our own, because the guest may be hostile: it chooses the stream that is unpacked
here, and can write the project while files of it are packed here.
"""

import posixpath
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sysinit_vm.archive.members import ArchiveError
from sysinit_vm.archive.pack import pack_directory, pack_file
from sysinit_vm.archive.place import fresh_directory, merge, opened, place_directory, place_file
from sysinit_vm.archive.unpack import unpack
from sysinit_vm.errors import VmError, typed
from sysinit_vm.escaping import printable
from sysinit_vm.guest import scripts
from sysinit_vm.guest_writes import Written
from sysinit_vm.host_path import HostPath, looked_up
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.runner import Result

USAGE = "sysinit-vm copy notes.txt :notes.txt, or sysinit-vm copy :notes.txt ."
HELP = "sysinit-vm help copy"
_DENIED = "Permission denied"  # in the guest's errors
_MOST_LINES = 10  # of the guest's errors
_LONGEST_LINE = 300  # characters
# A file is unpacked beside its place and then moved there, so that nobody sees half of it; so is a directory.
_INTO_FILE = (
    'new=$(mktemp -d "$(dirname -- "$1")/.copy.XXXXXX") || exit; trap \'rm -rf -- "$new"\' EXIT; '
    "trap 'exit 1' HUP INT TERM; "
    'tar -C "$new" -xopf - && mv -f -- "$new/$2" "$1"'
)


@dataclass(frozen=True)
class PathInfo:
    """What is at a path: ``kind`` is one of ``host_path.HostPath``; ``real`` is the path without links (absolute)."""

    kind: str
    real: str


@dataclass(frozen=True)
class Transfer:
    """Copies for the guest ``name``; ``path`` is as it was typed.

    ``leave_out`` gets the path of what is not copied (any characters) and a sentence that says why, ``on_bytes`` the
    number of bytes so far.
    """

    lima: Limactl
    name: str
    path: str
    leave_out: Callable[[str, str], None]
    on_bytes: Callable[[int], None]

    def receive(self, source: PathInfo, target: HostPath) -> None:
        """Copy the guest's ``source`` to ``target``; VmError if it does not arrive, or only in part.

        Unless the whole stream arrives and is valid, nothing changes at the target.
        """
        problems = list[str]()

        def take(stream: IO[bytes]) -> None:
            try:
                self._take(stream, source, target)
            except ArchiveError as error:
                problems.append(error.detail)
            except OSError as error:
                problems.append(f"{printable(target.real, _LONGEST_LINE)}: {error.strerror}.")

        self._require(self.lima.receive(self.name, _pack(source), take), problems, denied=self._by_sudo_out())

    def _take(self, stream: IO[bytes], source: PathInfo, target: HostPath) -> None:
        """Unpack beside the target, or in a directory that exists, which may be a file system of its own."""
        into = target.kind == "dir"
        place = opened(target.name, target.parent) if into and target.name else nullcontext(target.parent)
        with place as directory, fresh_directory(directory) as fresh:
            if source.kind == "file":
                name = posixpath.basename(source.real)
                unpack(stream, fresh, self.leave_out, self.on_bytes, only=name)
                place_file(name, fresh, target.name, target.parent)
                return
            statuses = unpack(stream, fresh, self.leave_out, self.on_bytes)
            if into:
                merge(fresh, directory, statuses, self.leave_out)
            else:
                place_directory(fresh, target.name, target.parent, statuses, self.leave_out)

    def send(self, source: PathInfo, target: PathInfo, guest_writes: Iterable[Path | Written]) -> None:
        """Copy the host's file or directory to the guest's ``target``; VmError if it does not, or only in part.

        Unless a single file can be read to its end, the guest's former one stays.
        ``source`` is what was at the path before. No link in the directories ``guest_writes`` (absolute) is followed.
        """

        def give(stream: IO[bytes]) -> None:
            with looked_up(self.path, guest_writes) as now:
                if now.kind != source.kind:
                    raise self._failed(["It has just been replaced."])
                try:
                    self._give(stream, now)
                except BrokenPipeError:
                    raise
                except OSError as error:
                    raise self._failed([f"{error.strerror}."]) from error

        self._require(self.lima.send(self.name, _unpack(source, target), give), [], denied=self._by_sudo(target))

    def _by_sudo(self, target: PathInfo) -> str:
        """Return what to type if only root may write the guest's ``target``."""
        directory, name = posixpath.split(target.real)
        between = f"/tmp/{name}"  # noqa: S108  # the guest's
        copy = typed("sysinit-vm", "copy", self.path, f":{between}")
        move = typed("sysinit-vm", "exec", "sudo", "mv", between, posixpath.join(directory, ""))
        return f"{copy}, then {move}"

    def _by_sudo_out(self) -> str:
        """Return what to type if only root may read the guest's path, empty if sudo would look for it elsewhere."""
        path = posixpath.normpath(self.path)
        between = f"/tmp/{posixpath.basename(path)}"  # noqa: S108  # the guest's
        if not path.startswith("/") or between in {path, "/tmp/"}:  # noqa: S108
            return ""
        script = f"{typed('cp', '-r', path, between)} && chown -R $SUDO_UID {typed(between)}"
        copied = typed("sysinit-vm", "exec", "sudo", "sh", "-c", script)
        return f"{copied}, then {typed('sysinit-vm', 'copy', f':{between}', '.')}"

    def _give(self, stream: IO[bytes], source: HostPath) -> None:
        if source.kind == "file":
            pack_file(source.name, source.parent, stream, self.on_bytes)
            return
        with opened(".", source.parent) as directory:
            pack_directory(directory, stream, self.leave_out, self.on_bytes)

    def _require(self, done: Result, problems: list[str], *, denied: str = "") -> None:
        if problems or not done.ok:
            lines = [printable(line, _LONGEST_LINE) for line in done.err.splitlines()[:_MOST_LINES]]
            hint = denied if denied and _DENIED in done.err else HELP
            raise self._failed([*problems, *lines] or [f"Exit status {done.code}."], hint)

    def _failed(self, why: list[str], hint: str = HELP) -> VmError:
        return VmError(f"{self.path} was not copied, or only in part.", detail="\n".join(why), hint=hint)


def _pack(source: PathInfo) -> tuple[str, ...]:
    if source.kind == "dir":
        return ("tar", "-C", source.real, "-cf", "-", ".")
    directory, name = posixpath.split(source.real)
    return ("tar", "-C", directory, "-cf", "-", f"./{name}")


def _unpack(source: PathInfo, target: PathInfo) -> tuple[str, ...]:
    """Whoever unpacks owns the files; modes and times are the archive's. GNU's and busybox's tar take these letters."""
    if source.kind == "dir":
        place = target.real if target.kind == "dir" else posixpath.dirname(target.real)
        return ("sh", "-c", scripts.read("unpack-directory.sh"), "sh", target.real, place)
    return ("sh", "-c", _INTO_FILE, "sh", target.real, posixpath.basename(source.real))
