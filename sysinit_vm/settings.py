"""What users can set, and where each value came from.

First a ``SYSINIT_VM_NAME`` variable, then ``param.NAME`` of the project's committed config, then ``config.yaml`` in the
user's config directory, then the default. Invoke's own configuration is not used, because settings are the same under
every entrance.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sysinit_vm import files, guest_writes, user_directories
from sysinit_vm.config import document, guest_dirs, mirror, packages
from sysinit_vm.config.document import Config
from sysinit_vm.errors import UsageError, VmError, edit, typed


@dataclass(frozen=True)
class Setting:
    """One value and its source: a variable, a key and its file, or ``default``."""

    value: Any
    source: str


def seconds(text: object, source: str) -> int:
    """Return a whole number of seconds above zero; UsageError with the source otherwise."""
    try:
        number = int(str(text))
    except ValueError:
        number = 0
    if number <= 0:
        raise UsageError(f"{source} takes a number of seconds, not {text!r}.", hint=f"sysinit-vm start {source} 600")
    return number


def _one_of(*choices: str) -> Callable[[object, str], str]:
    def parse(text: object, source: str) -> str:
        if text not in choices:
            raise UsageError(f"{source} cannot be {text!r}.", detail=f"It is one of {', '.join(choices)}.")
        return str(text)

    return parse


def _text(value: object, _source: str) -> str:
    return str(value)


def _boolean(value: object, source: str) -> bool:
    values = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    word = str(value).strip().lower()
    if word not in values:
        raise UsageError(f"{source} cannot be {value!r}.", detail="It is true or false.")
    return values[word]


def _guest_dirs(value: object, source: str) -> str:
    return " ".join(guest_dirs.parse(value, source))


def _packages(value: object, source: str) -> str:
    return " ".join(packages.parse(value, source))


def _flake(value: object, source: str) -> str:
    text = str(value)
    if text.startswith("-") or "#" in text or not text.strip():
        detail = "It is a flake such as github:owner/name or /path; other settings say which part of it to use."
        raise UsageError(f"{source} cannot be {text!r}.", detail=detail)
    return text


def _matching(pattern: str, explanation: str) -> Callable[[object, str], str]:
    def parse(text: object, source: str) -> str:
        if not re.fullmatch(pattern, str(text)):
            raise UsageError(f"{source} cannot be {text!r}.", detail=explanation)
        return str(text)

    return parse


FLAKE = "github:roshbhatia/sysinit"
_ATTRIBUTE = r"""[^\s#{}]+(?:\{(?:system|name)\}[^\s#{}]*)*"""

# name: (default, parser). `mirror` is where `build.debian` gets packages; empty means the machine's own source.
# `packages` are those that it installs beside our own. `github_mirror` is where `setup` gets upstream's archives.
KNOWN: Mapping[str, tuple[Any, Callable[[object, str], Any]]] = {
    "template": ("dev", _text),
    "timeout": (600, seconds),
    "accelerator": ("auto", _one_of("auto", "kvm", "tcg")),
    "mirror": ("", mirror.parse),
    "github_mirror": ("", mirror.parse_github),
    "packages": ("", _packages),
    "strict_ports": (False, _boolean),
    "guest_dirs": ("", _guest_dirs),
    "editor": ("", _one_of("code", "cursor", "zed", "gateway")),
    # For `build.dev` and `build.minimal`: the image is FLAKE#FLAKE_ATTRIBUTE; an empty system means this machine's.
    "flake": (FLAKE, _flake),
    "flake_system": ("", _matching(r"[a-z0-9_]+-linux", "It is a Linux system in nix's words, such as aarch64-linux.")),
    "flake_attribute": (
        "packages.{system}.{name}-image",
        _matching(_ATTRIBUTE, "It is an attribute of the flake, in which {system} and {name} are filled in."),
    ),
    # For `sync` and `rebuild`: the guest becomes FLAKE#FLAKE_CONFIGURATION.
    "flake_configuration": ("lima-dev", _matching(r"[^\s#]+", "It is the name of a configuration in the flake.")),
}
# What a committed config cannot set: where root's packages come from, the user's editor, and which flake is built and
# run are for the user of this machine to say. So is what the image contains: all projects share it, and the scripts of
# its packages run on this machine. A template is chosen before there is a config.
_NOT_COMMITTED = {
    "template",
    "mirror",
    "github_mirror",
    "packages",
    "editor",
    "flake",
    "flake_system",
    "flake_attribute",
    "flake_configuration",
}


def user_file() -> Path:
    """Return the user's own settings file (absolute), which need not exist; VmError if others can write it."""
    return _private(user_directories.config()) / "config.yaml"


@cache
def _private(directory: Path) -> Path:
    """As ``files.require_private``; a command looks once, however many VMs and settings it asks about."""
    return files.require_private(directory)


def params() -> list[str]:
    """Return the names that settings have in the ``param`` of a committed config, such as ``TIMEOUT``."""
    return [name.upper() for name in KNOWN if name not in _NOT_COMMITTED]


def value(name: str, committed: Config | None = None) -> Any:
    """Return the value of one setting, as ``setting`` does."""
    return setting(name, committed).value


def flake_configuration() -> str:
    """Return what `sync` and `rebuild` make of a guest that has Nix: FLAKE#FLAKE_CONFIGURATION."""
    return f"{value('flake')}#{value('flake_configuration')}"


def setting(name: str, committed: Config | None = None) -> Setting:
    """Return the setting ``name`` with its source, whatever is wrong with the others.

    ``committed`` is the project's config, whose ``param`` may hold settings; None if there is no project.
    UsageError names the source of an invalid value.
    """
    default, parse = KNOWN[name]
    for text, source, file in _sources(name, committed):
        if text is not None:
            try:
                return Setting(parse(text, source), source)
            except UsageError as error:
                hint = edit(file) if file else f"unset {source}"
                raise UsageError(error.brief, detail=error.detail, hint=hint) from error
    return Setting(default, "default")


def _sources(name: str, committed: Config | None) -> Iterator[tuple[Any, str, Path | None]]:
    """Yield what each place says about a setting (None if nothing), its name, and its file; a variable has none."""
    variable = f"SYSINIT_VM_{name.upper()}"
    yield os.environ.get(variable) or None, variable, None
    param = committed.data.get("param") if committed else None
    if committed and isinstance(param, Mapping) and name not in _NOT_COMMITTED:
        yield param.get(name.upper()), f"param.{name.upper()} in {committed.path}", committed.path
    path = user_file()
    yield _user_settings(path).get(name), f"{name} in {path}", path


def _user_settings(path: Path) -> Mapping[str, Any]:
    """Return what the user's file says: nothing if it is missing, empty, or all comments."""
    if not path.is_file():
        return {}
    if guest_writes.is_guests(path):
        raise VmError(
            f"{path} is not safe to use.",
            detail="It is a link to where the guest of a project can write, and so change your settings.",
            hint=typed("ls", "-l", path),
        )
    try:
        return document.load(path).data
    except document.EmptyError:
        return {}
    except VmError as error:
        raise VmError(error.brief, detail=error.detail, hint=edit(path)) from error
