"""Editors that work on a guest through ssh: which there are, and how each is told the directory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from sysinit_vm.errors import MissingError, UsageError
from sysinit_vm.executables import find


@dataclass(frozen=True)
class Editor:
    """``programs`` are its names on PATH; ``words`` makes its arguments of host and guest directory (absolute)."""

    title: str
    programs: tuple[str, ...]
    words: Callable[[str, str], tuple[str, ...]]
    get: str


def _vscode(host: str, directory: str) -> tuple[str, ...]:
    return ("--remote", f"ssh-remote+{host}", directory)


def _zed(host: str, directory: str) -> tuple[str, ...]:
    return (f"ssh://{host}{quote(directory)}",)


def _gateway(host: str, directory: str) -> tuple[str, ...]:
    known = {"type": "ssh", "host": host, "port": "22", "deploy": "false", "projectPath": directory}
    return (f"jetbrains-gateway://connect#{urlencode(known)}",)


# In the order in which they are looked for.
KNOWN: Mapping[str, Editor] = {
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
    """Return the editor ``wanted`` (a key of KNOWN, empty for the first that is there) and its program's path.

    UsageError for an unknown name; MissingError (exit 6) says where to get it.
    """
    if wanted and wanted not in KNOWN:
        raise UsageError(
            f"There is no editor {wanted!r}.",
            detail=f"It is one of {', '.join(KNOWN)}.",
            hint="sysinit-vm open --editor code",
        )
    asked = [KNOWN[wanted]] if wanted else list(KNOWN.values())
    for editor in asked:
        for program in editor.programs:
            if found := find(program):
                return editor, str(found)
    raise MissingError(
        f"{f'{asked[0].title} was not' if wanted else 'No editor was'} found on PATH.",
        detail="\n".join(f"{each.title} (`{each.programs[0]}`): {each.get}" for each in asked),
        hint="install one and its command line, then sysinit-vm open",
    )
