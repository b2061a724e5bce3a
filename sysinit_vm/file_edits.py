"""Edits of files that are not ours: each is shown as a diff, confirmed, and written whole; the rest stays as it is."""

import difflib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from sysinit_vm import files, project_tree
from sysinit_vm.errors import VmError, typed
from sysinit_vm.host_path import resolved
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say

_LONGEST = 2**20  # bytes of a file that is changed


@dataclass(frozen=True)
class FileEdit:
    """The content of a file before and after the edit. ``path`` is absolute; ``before`` is None if there is no file.

    ``after`` is None to remove the file; if it is a link, its target becomes empty instead. ``mode`` is for a new file.
    ``project`` is the project (absolute) that the file is part of, None for a file of the user's own. A guest can put a
    link into a project at any moment: there no link is followed, and ``mode`` is also that of the file as it is now.
    """

    path: Path
    before: bytes | None
    after: bytes | None
    mode: int = 0o644
    project: Path | None = None

    def difference(self) -> str:
        """Return the edit as a unified diff; bytes that are not UTF-8 are escaped."""
        old, new = _lines(self.before), _lines(self.after)
        names = ("/dev/null" if self.before is None else str(self.path), str(self.path))
        return "\n".join(difflib.unified_diff(old, new, *names, lineterm=""))

    @property
    def target(self) -> Path:
        """What is written: the file, or what it leads to if it is a link of the user's own."""
        return self.path if self.project else resolved(self.path)

    def reversed(self) -> Self:
        """Return the edit that takes this one back."""
        return replace(self, before=self.after, after=self.before)


def _lines(content: bytes | None) -> list[str]:
    return (content or b"").decode(errors="backslashreplace").splitlines()


def read(path: Path) -> bytes | None:
    """Return what the file ``path`` (absolute) holds, None if there is none.

    VmError if it cannot be read, is no plain file or has more than 1 MiB.
    """
    try:
        return files.read(path, _LONGEST)
    except FileNotFoundError as error:
        if path.is_symlink():
            raise VmError(
                f"{path} is a link to a file that does not exist.",
                detail=f"It points to {path.readlink()}.",
                hint=typed("rm", path),
            ) from error
        return None
    except OSError as error:
        raise files.denied("read", path, error) from error
    except ValueError as error:
        raise VmError(f"Cannot read {path}.", detail=str(error), hint=typed("ls", "-ld", path)) from error


def ask_and_write(edits: Sequence[FileEdit], *, yes: bool, dry: bool, hint: str) -> None:
    """``ask``, then ``write``; ``dry`` only shows."""
    ask(edits, yes=yes, dry=dry, hint=hint)
    if not dry:
        write(edits)


def ask(edits: Sequence[FileEdit], *, yes: bool, dry: bool, hint: str) -> None:
    """Show each edit, and ask once for all of them; ``dry`` only shows.

    NotConfirmedError (exit 5) if the answer is no; VmError for a read-only file. ``hint`` is the command that answers
    yes.
    """
    for edit in edits:
        _refuse_read_only(edit)
    for edit in edits:
        say(edit.difference())
        if not edit.project and edit.path.is_symlink():
            say(f"{edit.path} is a link: {edit.target} will be changed.")
    if not edits or dry:
        return
    names = " and ".join(str(edit.path) for edit in edits)
    prompts.confirm(f"Change {names} like this?", yes=yes, refusal_hint=hint)


def write(edits: Sequence[FileEdit]) -> None:
    """Make the edits; permissions stay as they are. A link stays and its target is written; in a project, VmError.

    So is it if a guest can lead a link on the way to a file of the user's own elsewhere, and if a file is not what was
    shown by now: nothing is written then.
    """
    for edit in edits:
        if _now(edit) != edit.before:
            raise VmError(f"{edit.path} has changed meanwhile. Nothing was written.", hint="the same command again")
    for edit in edits:
        if edit.project:
            _write_in_project(edit, edit.project)
        else:
            _write_content(edit.path, edit.after, edit.mode)


def _now(edit: FileEdit) -> bytes | None:
    if edit.project is None:
        _require_no_guest(edit.path)
        return read(edit.path)
    content = project_tree.read(edit.project, edit.path.relative_to(edit.project), _LONGEST)
    return content.data if content else None


def _write_in_project(edit: FileEdit, root: Path) -> None:
    relative = edit.path.relative_to(root)
    if edit.after is None:
        project_tree.remove(root, relative)
    else:
        project_tree.write(root, relative, edit.after, mode=edit.mode)


def _write_content(path: Path, content: bytes | None, mode: int = 0o644) -> None:
    """Write ``content`` to the file ``path`` (absolute; a link is followed); ``mode`` is for a new file.

    None removes the file. A link's target is not ours to remove, and the link would dangle: it becomes empty instead.
    """
    target = _require_no_guest(path)
    if content is None and not path.is_symlink():
        path.unlink(missing_ok=True)
        return
    files.write(target, content or b"", mode=stat.S_IMODE(target.stat().st_mode) if target.exists() else mode)


def _require_no_guest(path: Path) -> Path:
    return files.require_no_guest(path, typed("ls", "-ld", path.parent, path))


def _refuse_read_only(edit: FileEdit) -> None:
    """Refuse a file without its owner's write permission: root needs none, and replacing a file needs none either."""
    target = edit.target
    if not target.exists():
        return
    if os.access(target, os.W_OK) and target.stat().st_mode & stat.S_IWUSR and os.access(target.parent, os.W_OK):
        return
    raise VmError(
        f"{target} is read-only.",
        detail=f"It would be changed like this:\n{edit.difference()}",
        hint=f"{typed('chmod', 'u+w', target)}, or make the change where the file comes from",
    )
