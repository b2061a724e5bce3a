"""A project's Taskfile gains the include of ours; where text is inserted is what the YAML parser's marks say."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from sysinit_vm import file_edits, files
from sysinit_vm.config import document
from sysinit_vm.errors import VmError, edit, typed
from sysinit_vm.file_edits import FileEdit
from sysinit_vm.machine import optional
from sysinit_vm.machine.host import Host
from sysinit_vm.runner import Result, Runner

# In the order in which Task looks for them (3.54).
NAMES = tuple(
    f"{stem}{kind}.{end}" for kind in ("", ".dist") for end in ("yml", "yaml") for stem in ("Taskfile", "taskfile")
)
_SHARED = ".local/share/sysinit-vm/Taskfile.yml"
# What a committed Taskfile says: the same on every machine, and a machine without us keeps its other tasks.
INCLUDE: Mapping[str, Any] = {
    "taskfile": f'{{{{.SYSINIT_TASKFILE | default "~/{_SHARED}"}}}}',
    "flatten": True,
    "optional": True,
}
_KEY, _PREFIX = "sysinit", "lima"  # our include, and what the names of its tasks begin with
_LIMIT = 20  # seconds that Task may take to read a file
_FLOW = f"{_KEY}: {{taskfile: '{INCLUDE['taskfile']}', flatten: true, optional: true}}"


def shared() -> Path:
    """Return the path (absolute) that Taskfiles include on every machine: a link to the shipped file, made current.

    VmError where it cannot be made.
    """
    path, shipped = Path.home() / _SHARED, files.data("Taskfile.yml")
    if path.exists() and path.samefile(shipped):
        return path
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(shipped)
        temporary.replace(path)
    except OSError as error:
        raise files.denied("make", path, error, hint=typed("ls", "-ld", path.parent)) from error
    return path


def changed(root: Path) -> FileEdit | None:
    """Return what the Taskfile of the directory ``root`` (absolute) becomes with our include, None where it has it.

    VmError with the lines to add by hand where that cannot be done safely.
    """
    path = next((root / name for name in NAMES if (root / name).exists()), root / NAMES[0])
    before = file_edits.read(path)
    if before is None:
        return FileEdit(path, None, f'version: "3"\n\nincludes:\n{_block("  ", chr(10))}'.encode())
    try:
        text = before.decode()
        node, old = _parsed(text)
    except document.NOT_PLAIN as error:  # among them what is no UTF-8
        raise _by_hand(path, f"It cannot be read as YAML: {error}") from error
    if _included(path, old):
        return None
    _refuse_same_names(path, old)
    after = _inserted(text, node)
    with suppress(*document.NOT_PLAIN):
        if after is not None and _parsed(after)[1] == _expected(old):
            return FileEdit(path, before, after.encode())
    raise _by_hand(path, "Its includes are written in a way that only its author should change.")


def prove(runner: Runner, wanted: FileEdit) -> None:
    """Ask Task, where there is one, whether it still reads the file as it would be; nothing is run or written.

    VmError where it does not, but reads the file as it is: which tasks other includes bring, Task alone knows.
    """
    task = optional.find_task(Host.read())
    if task is None or wanted.before is None or wanted.after is None:
        return
    if not _listed(runner, task, wanted.path, wanted.before).ok:
        return
    with_ours = _listed(runner, task, wanted.path, wanted.after)
    if not with_ours.ok:
        raise _by_hand(wanted.path, f"Task refuses it with our tasks: {with_ours.err.strip()}")


def _listed(runner: Runner, task: Path, path: Path, content: bytes) -> Result:
    """``path`` says what its own includes are relative to; ours is found before its link is made."""
    argv = (str(task), "--taskfile", "-", "--list-all", "--color=false")
    env = {"SYSINIT_TASKFILE": str(files.data("Taskfile.yml"))}
    return runner.read(argv, env=env, cwd=path.parent, text=content.decode(), timeout=_LIMIT)


def _parsed(text: str) -> tuple[yaml.MappingNode, dict[Any, Any]]:
    data = document.plain(text)
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode) or not isinstance(data, dict):
        raise yaml.YAMLError("it is no mapping")
    return node, data


def _included(path: Path, data: Mapping[Any, Any]) -> bool:
    found = data.get("includes")
    includes = found if isinstance(found, Mapping) else {}
    flat = {key: each["taskfile"] for key, each in includes.items() if _is_flat(each)}
    if _KEY in flat or any(_is_ours(path.parent, each) for each in flat.values()):  # ours, or after the README
        return True
    if includes.get(_KEY) is not None:
        raise _by_hand(path, f"It has an include called {_KEY} already: {includes[_KEY]}.")
    if _PREFIX in includes and _PREFIX not in flat:
        raise _by_hand(path, f"It has an include called {_PREFIX}, which is how the names of our tasks begin.")
    return False


def _is_flat(include: object) -> bool:
    """Whether its tasks keep their names, without the include's before them."""
    return isinstance(include, Mapping) and include.get("flatten") is True and "taskfile" in include


def _is_ours(root: Path, place: object) -> bool:
    """Whether an include of a Taskfile in the directory ``root`` leads to ours, by its link, variable or path."""
    if not isinstance(place, str):
        return False
    if "SYSINIT_TASKFILE" in place or place.endswith(_SHARED):
        return True
    with suppress(OSError, ValueError, RuntimeError):  # there is no such file, no such path, no such user
        return (root / Path(place).expanduser()).samefile(files.data("Taskfile.yml"))
    return False


def _refuse_same_names(path: Path, data: Mapping[Any, Any]) -> None:
    """Task refuses a whole file in which two tasks have one name."""
    ours = yaml.safe_load(files.data("Taskfile.yml").read_text())["tasks"]
    theirs = data.get("tasks")
    both = sorted(set(ours) & set(theirs)) if isinstance(theirs, Mapping) else []
    if both:
        raise VmError(
            f"{path.name} has tasks of the same names as ours: {', '.join(both)}.",
            detail="Task refuses a file in which two tasks have one name.",
            hint=edit(path),
        )


def _expected(old: Mapping[Any, Any]) -> dict[Any, Any]:
    return {**old, "includes": {**(old.get("includes") or {}), _KEY: dict(INCLUDE)}}


def _inserted(text: str, root: yaml.MappingNode) -> str | None:
    """Return ``text`` with our include, None for a form in which it has no safe place."""
    end = "\r\n" if "\r\n" in text else "\n"
    keys = {key.value: (key, value) for key, value in root.value if isinstance(key, yaml.ScalarNode)}
    if root.flow_style or not keys:
        return None
    if "includes" not in keys:
        after = keys.get("version", (None, None))[1]
        at = _line_after(text, after.end_mark.index) if after else next(iter(keys.values()))[0].start_mark.index
        gap = end if after else ""
        return _put(text, at, f"{gap}includes:{end}{_block('  ', end)}{'' if after else end}", end)
    key, value = keys["includes"]
    at = _line_after(text, key.end_mark.index)
    if isinstance(value, yaml.MappingNode) and value.flow_style:
        brace = text.index("{", value.start_mark.index) + 1
        return text[:brace] + _FLOW + (", " if value.value else "") + text[brace:]
    if isinstance(value, yaml.MappingNode):
        return _put(text, at, _block(" " * value.value[0][0].start_mark.column, end), end)
    if isinstance(value, yaml.ScalarNode) and not value.value:
        return _put(text, at, _block("  ", end), end)
    return None


def _line_after(text: str, index: int) -> int:
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _put(text: str, at: int, more: str, end: str) -> str:
    gap = end if at and text[at - 1] != "\n" else ""
    return text[:at] + gap + more + text[at:]


def _block(indent: str, end: str) -> str:
    lines = [f"{_KEY}:", f"  taskfile: '{INCLUDE['taskfile']}'", "  flatten: true", "  optional: true"]
    return "".join(f"{indent}{line}{end}" for line in lines)


def _by_hand(path: Path, detail: str) -> VmError:
    lines = f"includes:\n{_block('  ', chr(10))}"
    return VmError(f"{path} is left as it is.", detail=f"{detail}\nTo be added:\n{lines}", hint=edit(path))
