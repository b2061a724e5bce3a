"""The host's git identity, as a config for the guest's git."""

from pathlib import Path

from sysinit_vm.errors import MissingError
from sysinit_vm.runner import TIMED_OUT, Runner

SECONDS = 5  # a guest can put a FIFO into the repository, for which git would wait for ever
_KEYS = ("user.name", "user.email")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\b": "\\b"}  # git-config(1), Syntax


def gitconfig(runner: Runner, directory: Path) -> str | None:
    """Return a git config file that holds nothing but the user's name and e-mail, as their own config gives them.

    That includes what it says for the repository ``directory`` (includeIf). The repository's own config is not asked:
    the guest can write it, and include any file of this machine in it. An identity there stays there, where the guest's
    git reads it. Empty if the host has no git or no identity; a name or an e-mail alone is passed on alone.
    None if git does not answer within SECONDS.
    """
    # Without --no-pager, git 2.39 reads the repository's config all the same, to see whether it names a pager.
    # It is not started there: with an empty part in LD_LIBRARY_PATH it would load what the guest puts there.
    own = ("git", "-C", str(directory), "--no-pager", "config", "--global", "--includes")
    argv = (*own, "--null", "--get-regexp", r"^user\.(name|email)$")
    try:
        done = runner.read(argv, cwd=Path("/"), timeout=SECONDS)
    except MissingError:
        return ""
    if done.code == TIMED_OUT:
        return None
    return config_text(dict(entry.split("\n", 1) for entry in done.out.split("\0") if "\n" in entry))


def config_text(values: dict[str, str]) -> str:
    """Return the text of a git config with the ``values`` of ``user.name`` and ``user.email``; empty without either."""
    lines = [f"\t{key.removeprefix('user.')} = {_quoted(values[key])}" for key in _KEYS if values.get(key)]
    return "\n".join(["[user]", *lines]) if lines else ""


def _quoted(value: str) -> str:
    return '"' + "".join(_ESCAPES.get(char, char) for char in value) + '"'
