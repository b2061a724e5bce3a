"""A change to a file that is not ours: shown as a difference, confirmed, then made whole; nothing else in it moves."""

import difflib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.errors import VmError, typed
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say


@dataclass(frozen=True)
class FileEdit:
    """What a file holds now and shall hold; ``path`` is absolute, ``before`` None where there is no file.

    ``after`` is None where the file shall go; what a link leads to becomes empty then. ``mode`` is a new file's.
    """

    path: Path
    before: bytes | None
    after: bytes | None
    mode: int = 0o644

    def difference(self) -> str:
        """Return the change as a unified diff; bytes that are not UTF-8 are shown escaped."""
        old, new = (_shown(each) for each in (self.before, self.after))
        names = ("/dev/null" if self.before is None else str(self.path), str(self.path))
        return "\n".join(difflib.unified_diff(old, new, *names, lineterm=""))


def _shown(content: bytes | None) -> list[str]:
    return (content or b"").decode(errors="backslashreplace").splitlines()


def read(path: Path) -> bytes | None:
    """Return what the file ``path`` (absolute) holds, None where there is none; VmError where it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        if path.is_symlink():
            raise VmError(
                f"{path} is a link to a file that does not exist.",
                detail=f"It leads to {path.readlink()}.",
                hint=typed("rm", path),
            ) from error
        return None
    except OSError as error:
        raise files.denied("read", path, error) from error


def make(changes: Sequence[FileEdit], *, yes: bool, dry: bool, hint: str) -> None:
    """``ask``, then ``write``; ``dry`` only shows."""
    ask(changes, yes=yes, dry=dry, hint=hint)
    if not dry:
        write(changes)


def ask(changes: Sequence[FileEdit], *, yes: bool, dry: bool, hint: str) -> None:
    """Show each change, and ask once for all of them; ``dry`` only shows.

    NotConfirmedError (exit 5), and VmError for a file that may not be written. ``hint`` is the command that would have
    answered.
    """
    for each in changes:
        _refuse_read_only(each)
    for each in changes:
        say(each.difference())
        if each.path.is_symlink():
            say(f"{each.path} is a link: {each.path.resolve()} is changed.")
    if not changes or dry:
        return
    names = " and ".join(str(each.path) for each in changes)
    prompts.confirm(f"Change {names} like this?", yes=yes, refusal_hint=hint)


def write(changes: Sequence[FileEdit]) -> None:
    """Make changes that were agreed to: a link is written through to its file, and a file's permissions stay."""
    for each in changes:
        put(each.path, each.after, each.mode)


def put(path: Path, content: bytes | None, mode: int = 0o644) -> None:
    """Give the file ``path`` (absolute; a link is followed) this content; ``mode`` is a new one's.

    None removes it. What a link leads to is not ours to remove, and the link would lead nowhere: it becomes empty.
    """
    real = path.resolve()
    if content is None and not path.is_symlink():
        path.unlink(missing_ok=True)
        return
    files.write(real, content or b"", mode=stat.S_IMODE(real.stat().st_mode) if real.exists() else mode)


def _refuse_read_only(wanted: FileEdit) -> None:
    """Root may write everything, and a replacement needs no right to the file: what its owner said counts."""
    real = wanted.path.resolve()
    if not real.exists():
        return
    if os.access(real, os.W_OK) and real.stat().st_mode & stat.S_IWUSR and os.access(real.parent, os.W_OK):
        return
    raise VmError(
        f"{real} is read-only.",
        detail=f"It would be changed like this:\n{wanted.difference()}",
        hint=f"{typed('chmod', 'u+w', real)}, or make the change where the file comes from",
    )
