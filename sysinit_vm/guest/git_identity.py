"""The host's git identity, as a config for the guest's git."""

from pathlib import Path

from sysinit_vm.errors import MissingError
from sysinit_vm.runner import Runner

_KEYS = ("user.name", "user.email")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\b": "\\b"}  # git-config(1), Syntax


def gitconfig(runner: Runner, directory: Path) -> str:
    """Return a git config file that holds nothing but the user's name and e-mail, as git sees them in ``directory``.

    Empty if the host has no git or no identity; a name or an e-mail alone is passed on alone.
    """
    argv = ("git", "config", "--null", "--get-regexp", r"^user\.(name|email)$")
    try:
        done = runner.read(argv, cwd=directory, timeout=20)
    except MissingError:
        return ""
    return config_text(dict(entry.split("\n", 1) for entry in done.out.split("\0") if "\n" in entry))


def config_text(values: dict[str, str]) -> str:
    """Return the text of a git config with the ``values`` of ``user.name`` and ``user.email``; empty without either."""
    lines = [f"\t{key.removeprefix('user.')} = {_quoted(values[key])}" for key in _KEYS if values.get(key)]
    return "\n".join(["[user]", *lines]) if lines else ""


def _quoted(value: str) -> str:
    return '"' + "".join(_ESCAPES.get(char, char) for char in value) + '"'
