"""How a project's own Taskfile and tasks.py include ours: lines are added as text; nothing of the project is run."""

import ast
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sysinit_vm import file_edits, project_tree
from sysinit_vm.config import document
from sysinit_vm.errors import VmError, edit
from sysinit_vm.file_edits import FileEdit
from sysinit_vm.init import shared_taskfile
from sysinit_vm.init.shared_taskfile import LINK
from sysinit_vm.project_tree import Content
from sysinit_vm.terminal.console import say

# By flag, in the order in which Task (3.54) and Invoke look for them.
NAMES = {
    "--taskfile": [f"{a}askfile{b}.{c}" for b in ("", ".dist") for c in ("yml", "yaml") for a in "Tt"],
    "--tasks": ["tasks.py", "tasks/__init__.py"],
}
# What a committed Taskfile says: the same on every machine, and the project's other tasks work without the link.
_ENTRY = f"""\
  sysinit:
    taskfile: '{{{{.SYSINIT_TASKFILE | default "~/{LINK}"}}}}'
    flatten: true
    optional: true
"""
_ADD = 'ns.add_collection(sysinit_vm.ns, name="lima")\n'
PASTE = {"--taskfile": f"includes:\n{_ENTRY}", "--tasks": f"import sysinit_vm\n\n{_ADD}"}
# Invoke collects a module's own tasks only if there is no `ns`.
_IMPORTS = ("import sys", "import invoke")
_COLLECT = f"""\
import sys

import invoke
import sysinit_vm

ns = invoke.Collection.from_module(sys.modules[__name__])
{_ADD}"""
_NEW = {
    "--taskfile": f'version: "3"\n\n{PASTE["--taskfile"]}',
    "--tasks": "from invoke import Collection\n\nimport sysinit_vm\n\nns = Collection(lima=sysinit_vm.ns)\n",
}
_NAMED_AS_OURS = re.compile(r"lima:|(l(i(ma?)?)?)?\*")  # `li*` stands for ours too
_VERSION = re.compile(r"^version:.*\n?", re.MULTILINE)
_INCLUDES = re.compile(r"^includes:[ \t]*(?:#.*)?\n(?=(?:[ \t]*(?:#.*)?\n)*( +)[^\s#])", re.MULTILINE)
_LARGEST = 200_000  # bytes of a file that is changed
_UNREADABLE = (*document.NOT_PLAIN, SyntaxError, MemoryError)  # the last: Python that is nested too deeply


class _UnsafeError(Exception):
    """Why a file is left as it is."""


def join(root: Path, flags: Sequence[str], *, yes: bool, dry: bool) -> None:
    """Let the files of the directory ``root`` (absolute) that the ``flags`` of NAMES mean include ours.

    Each change is shown and confirmed; ``dry`` only shows. NotConfirmedError, or VmError with the lines to paste: then
    nothing was changed.
    """
    changes = []
    for flag in flags:
        if (change := edit_of(root, flag)) is None:
            say(f"{flag}: the project has it already.")
            continue
        changes.append(change)
        if change.before is None and (above := _above(root, NAMES[flag])):
            say(f"The new {change.path.name} hides {above} from {root}: its tasks are no longer found there.")
    file_edits.ask(changes, yes=yes, dry=dry, hint=f"sysinit-vm init {' '.join(flags)} --yes")
    if dry:
        return
    if "--taskfile" in flags:
        shared_taskfile.link()  # may fail: before the project's own files are touched
    file_edits.write(changes)
    for change in changes:
        say(f"{change.path.name} has the tasks now: {'inv' if change.path.suffix == '.py' else 'task'} --list")


def _above(root: Path, names: Sequence[str]) -> Path | None:
    """Return the file that a new one hides: Task and Invoke read only the nearest, from ``root`` upwards."""
    for directory in root.parents:
        for name in names:
            if os.path.exists(directory / name):  # noqa: PTH110  # Path.exists fails below what may not be searched
                return directory / name
        if directory == Path.home():
            break
    return None


def edit_of(root: Path, flag: str) -> FileEdit | None:
    """Return what the file that ``flag`` means becomes in the directory ``root`` (absolute), or None if it has ours.

    VmError with the lines to paste if adding them may not be safe, or if the file is a link: the guest can change where
    one leads.
    """
    relatives = list(map(Path, NAMES[flag]))
    relative = relatives[0]
    try:
        relative = next((name for name in relatives if project_tree.exists(root, name)), relative)
        content = project_tree.read(root, relative, _LARGEST)
        add = _with_include if flag == "--taskfile" else _with_collection
        after = _NEW[flag] if content is None else add(_text(content))
    except (_UnsafeError, VmError, *_UNREADABLE) as error:
        path = root / relative
        reason = error if isinstance(error, _UnsafeError) else f"It cannot be read: {getattr(error, 'detail', error)}"
        detail = f"{reason}\nLines to add:\n{PASTE[flag]}"
        raise VmError(f"{path} is left as it is.", detail=detail, hint=edit(path)) from error
    if after is None:
        return None
    before, mode = (content.data, content.mode) if content else (None, 0o644)
    return FileEdit(root / relative, before, after.encode(), mode, project=root)


def _text(content: Content) -> str:
    if b"\r" in content.data:
        raise _UnsafeError("It has carriage returns.")
    return content.data.decode()


def _with_include(text: str) -> str | None:
    data: Any = document.plain(text)
    keys = ("includes", "tasks", "vars")
    if not isinstance(data, dict) or not all(isinstance(data.get(key), dict | None) for key in keys):
        raise _UnsafeError(f"It is not a mapping, or its {', '.join(keys)} are not.")
    includes, tasks, variables = (data.get(key) or {} for key in keys)
    flat = {name: entry for name, entry in includes.items() if isinstance(entry, dict) and entry.get("flatten")}
    if "sysinit" in flat or any(LINK in str(entry.get("taskfile")) for entry in flat.values()):
        return None
    clashes = {*map(str, flat), *(name for name in _names(tasks) if _NAMED_AS_OURS.match(name))}
    clashes |= {name for name in _names(includes) if name == "sysinit" or _NAMED_AS_OURS.match(f"{name}:")}
    _refuse(clashes | ({"TASK"} & set(variables)))
    line = (_INCLUDES if "includes" in data else _VERSION).search(text)
    if line:
        head, tail = text[: line.end()], text[line.end() :]
        lines = (
            re.sub("^  ", line[1], _ENTRY, flags=re.MULTILINE) if line.re is _INCLUDES else f"\n{PASTE['--taskfile']}"
        )
        after = head + ("" if head.endswith("\n") else "\n") + lines + tail
        if document.plain(after) == {**data, "includes": {**includes, **document.plain(_ENTRY)}}:
            return after
    raise _UnsafeError("It is written in a way that only its author should change.")


def _names(entries: dict[Any, Any]) -> Iterator[str]:
    for name, entry in entries.items():
        aliases = entry.get("aliases") if isinstance(entry, dict) else None
        yield from map(str, [name, *(aliases if isinstance(aliases, list) else ())])


def _refuse(clashes: set[str]) -> None:
    if clashes:
        raise _UnsafeError(f"It has what may clash with our names: {', '.join(sorted(clashes))}.")


def _parsed(text: str) -> ast.Module:
    """Python 3.12 and newer print warnings about a stranger's text, raw."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text.encode())


def _with_collection(text: str) -> str | None:
    statements = [ast.unparse(node) for node in _parsed(text).body]
    code = "\n".join(statements)  # without comments; a word in a string counts as a name
    if "from sysinit_vm import ns" in statements or ("import sysinit_vm" in statements and "sysinit_vm.ns" in code):
        return None
    _refuse(set(re.findall(r"\b(?:lima|sysinit_vm|namespace)\b|import \*", code)))
    others = "\n".join(line.removeprefix("from invoke import ") for line in statements if line not in _IMPORTS)
    if re.search(r"\bns\b|\b(?:invoke|sys)\b(?!\.)", others):
        raise _UnsafeError("It makes a collection of its own, or has something called ns, invoke or sys.")
    after = text + ("\n" if text.endswith("\n") else "\n\n" if text else "") + _COLLECT
    if [ast.unparse(node) for node in _parsed(after).body][: len(statements)] != statements:
        raise _UnsafeError("It ends in a way that nothing can follow.")
    return after
