"""Editors that work in a guest through ssh: which there are, and how each is given the directory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from sysinit_vm.errors import MissingError, UsageError
from sysinit_vm.executables import find


@dataclass(frozen=True)
class Editor:
    """One editor. ``programs`` are its names on PATH, ``get`` is where to get it.

    ``arguments`` makes its arguments from the ssh host and the guest directory (absolute).
    """

    title: str
    programs: tuple[str, ...]
    arguments: Callable[[str, str], tuple[str, ...]]
    get: str


def _vscode(host: str, directory: str) -> tuple[str, ...]:
    return ("--remote", f"ssh-remote+{host}", directory)


def _zed(host: str, directory: str) -> tuple[str, ...]:
    return (f"ssh://{host}{quote(directory)}",)


def _gateway(host: str, directory: str) -> tuple[str, ...]:
    parameters = {"type": "ssh", "host": host, "port": "22", "deploy": "false", "projectPath": directory}
    return (f"jetbrains-gateway://connect#{urlencode(parameters)}",)


# In the order in which they are looked for.
EDITORS: Mapping[str, Editor] = {
    "code": Editor("VS Code", ("code",), _vscode, "https://code.visualstudio.com, with its extension Remote - SSH"),
    "cursor": Editor("Cursor", ("cursor",), _vscode, "https://cursor.com"),
    "zed": Editor("Zed", ("zed", "zeditor"), _zed, "https://zed.dev"),
    "gateway": Editor(
        "JetBrains Gateway",
        ("gateway", "jetbrains-gateway", "gateway.sh"),
        _gateway,
        "https://www.jetbrains.com/remote-development/gateway",
    ),
}


def choose(wanted: str) -> tuple[Editor, str]:
    """Return the editor ``wanted`` (a key of EDITORS; empty for the first one installed) and its program's path.

    UsageError if the name is unknown; MissingError (exit 6) if it is not installed, with where to get it.
    """
    if wanted and wanted not in EDITORS:
        raise UsageError(
            f"There is no editor {wanted!r}.",
            detail=f"It is one of {', '.join(EDITORS)}.",
            hint="sysinit-vm open --editor code",
        )
    editors = [EDITORS[wanted]] if wanted else list(EDITORS.values())
    for editor in editors:
        for program in editor.programs:
            if path := find(program):
                return editor, str(path)
    raise MissingError(
        f"{f'{editors[0].title} was not' if wanted else 'No editor was'} found on PATH.",
        detail="\n".join(f"{editor.title} (`{editor.programs[0]}`): {editor.get}" for editor in editors),
        hint="install one with its command line, then sysinit-vm open",
    )
