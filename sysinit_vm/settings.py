"""What the user may set, each value with the place it came from.

``SYSINIT_VM_NAME`` variables, then ``config.yaml`` in the user's config directory, then defaults; the same
under every entrance, which is why Invoke's own configuration is not used.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from sysinit_vm import config
from sysinit_vm.errors import UsageError


@dataclass(frozen=True)
class Setting:
    """One value and its source: a variable, a file, or ``default``."""

    value: Any
    source: str


def seconds(text: object, source: str) -> int:
    """Return a whole number of seconds above zero; UsageError with the source otherwise."""
    try:
        number = int(str(text))
    except ValueError:
        number = 0
    if number <= 0:
        raise UsageError(f"{source} takes a number of seconds, not {text!r}.", hint=f"{source} 600")
    return number


def _one_of(*words: str) -> Callable[[object, str], str]:
    def parse(text: object, source: str) -> str:
        if text not in words:
            raise UsageError(f"{source} cannot be {text!r}.", detail=f"It is one of {', '.join(words)}.")
        return str(text)

    return parse


def _text(value: object, _source: str) -> str:
    return str(value)


# name: (default, parser). `mirror` is where `build.debian` gets packages; empty means the machine's own.
KNOWN: Mapping[str, tuple[Any, Callable[[object, str], Any]]] = {
    "timeout": (600, seconds),
    "accelerator": ("auto", _one_of("auto", "kvm", "tcg")),
    "mirror": ("", _text),
}


def user_file() -> Path:
    """Return the user's own settings file (absolute), which need not exist."""
    return platformdirs.user_config_path("sysinit-vm") / "config.yaml"


def load() -> dict[str, Setting]:
    """Return every setting by name; UsageError names the source of a bad value."""
    path = user_file()
    mine = config.load(path).data if path.is_file() else {}
    return {name: _setting(name, mine, path) for name in KNOWN}


def _setting(name: str, mine: Mapping[str, Any], path: Path) -> Setting:
    default, parse = KNOWN[name]
    variable = f"SYSINIT_VM_{name.upper()}"
    if os.environ.get(variable):
        return Setting(parse(os.environ[variable], variable), variable)
    if name in mine:
        return Setting(parse(mine[name], f"{name} in {path}"), str(path))
    return Setting(default, "default")
