"""Flags of other tools for what stands in the config here: which line to write there, and what to type then."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sysinit_vm.config import sizes
from sysinit_vm.errors import VmError, edit, typed
from sysinit_vm.projects import search
from sysinit_vm.projects.project import Project

_FLAGS: Mapping[str, str] = {
    "--cpus": "cpus",
    "--cpu": "cpus",
    "-c": "cpus",
    "--memory": "memory",
    "--mem": "memory",
    "--ram": "memory",
    "-m": "memory",
    "--disk": "disk",
    "--mount": "mounts",
    "--volume": "mounts",
}
_EXAMPLES = {"cpus": "4", "memory": "8GiB", "disk": "50GiB", "mounts": "~/data"}
_FEW = 1000  # a bare number below this is meant as GiB


class Advice(NamedTuple):
    """``detail`` is the line to write in the config, or why there is none yet, ``hint`` what to type."""

    detail: str
    hint: str


def of_flag(flag: str, after: Sequence[str], which: Sequence[str]) -> Advice | None:
    """Return what to do instead of typing ``flag``, which the words ``after`` follow; None for any other flag.

    ``which`` are the flags that choose a VM.
    """
    key = _FLAGS.get(flag)
    if key is None:
        return None
    value = after[0] if after and not after[0].startswith("-") else ""
    if key == "mounts" and value.split(":")[0].rstrip("/") in {".", "$PWD"}:
        return Advice("The project is mounted in the VM already, at the same path.", "sysinit-vm exec pwd")
    line = _mount(value) if key == "mounts" else f"{key}: {_value(key, value)}"
    below = "below `mounts:` " if key == "mounts" else ""
    apply = typed("sysinit-vm", "apply", *which)
    directory = _directory(which)
    if directory is None:
        return Advice(f"The config says it. Write `{line}` {below}in the project's .lima/config.yaml.", apply)
    if project := _nearest(directory):
        detail = f"The config says it. Write `{line}` {below}in {project.config}."
        return Advice(detail, f"{edit(project.config)}, then {apply}")
    if key == "mounts":
        return Advice(
            "The project is mounted without it. For others there is `mounts` in the config.", "sysinit-vm init"
        )
    size = typed("sysinit-vm", "init", f"--{key}", _value(key, value))
    return Advice(f"The config says it: `{key}`. There is none yet.", f"{size}, then sysinit-vm up")


def of_words(words: Sequence[str]) -> Advice | None:
    """Return ``of_flag`` for the first such flag among ``words``, None if there is none."""
    for place, word in enumerate(words):
        flag, equals_sign, value = word.partition("=")
        flag = flag if flag.startswith("-") else f"--{flag}"
        if advice := of_flag(flag, [value] if equals_sign else words[place + 1 :], ()):
            return advice
    return None


def renamed(flag: str, flags: Collection[str]) -> str:
    """Return the command's own flag, one of ``flags``, that ``flag`` means; empty if there is none."""
    own = f"--{_FLAGS.get(flag, '')}"
    return own if own in flags and own != flag else ""


def _directory(which: Sequence[str]) -> str | None:
    """Return the directory whose config is meant, the current one by default; None if a VM's name hides it."""
    words = [part for word in which for part in word.split("=", 1)]
    if "--project" in words:
        return words[words.index("--project") + 1] if words[-1] != "--project" else "."
    return None if "--name" in words else "."


def _nearest(directory: str) -> Project | None:
    try:
        return search.nearest(directory)
    except VmError:
        return None


def _value(key: str, value: str) -> str:
    """Return ``value`` as the config takes it, or an example; other tools take a size without a unit."""
    if key == "cpus":
        return value if sizes.whole(value) else _EXAMPLES[key]
    if value.isascii() and value.isdecimal():
        return f"{value}GiB" if int(value) < _FEW else f"{value}MiB"
    return value if isinstance(sizes.in_bytes(value), int) else _EXAMPLES[key]


def _mount(value: str) -> str:
    """Return an entry of `mounts` for a mount as Lima's or Docker's command line has it: HOST, HOST:w, HOST:GUEST."""
    location, *rest = (value or _EXAMPLES["mounts"]).split(":")
    entry = {"location": location}
    point = next((part for part in rest if part.startswith("/")), "")
    if point and Path(point) != Path(location):
        entry["mountPoint"] = point
    pairs = [f"{name}: {json.dumps(text, ensure_ascii=False)}" for name, text in entry.items()]
    return f"- {{{', '.join([*pairs, *(['writable: true'] if {'w', 'rw'} & set(rest) else [])])}}}"
