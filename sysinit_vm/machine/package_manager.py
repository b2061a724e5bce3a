"""How this machine's package manager installs: the commands that we run, and what a person types.

apt-get is run by our own tests; dnf, pacman, zypper and Homebrew are written from these systems' documents, nix
from nixpkgs' own files, and none of them has been run by us.
"""

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.machine.host import MANAGERS, Host

_OF_THE_ACCOUNT = ("brew", "nix")  # these install without root
# As people type it; what we run says more.
_INSTALL = {
    "apt-get": ("apt-get", "install"),
    "dnf": ("dnf", "install"),
    "pacman": ("pacman", "-S"),
    "zypper": ("zypper", "install"),
    "brew": ("brew", "install"),
    "nix": ("nix", "--extra-experimental-features", "nix-command flakes", "profile", "install"),
}
_LISTS, _DAY = Path("/var/lib/apt/lists"), 86400

Command = tuple[str, ...]


@dataclass(frozen=True)
class Route:
    """One way to obtain something: a sentence, and the commands in order, each with its own variables."""

    description: str
    commands: tuple[Command, ...]


def package_name(host: Host, names: Sequence[str]) -> str:
    """Return what this machine's package manager calls a part, empty where it has none; ``names`` are by MANAGERS."""
    return names[MANAGERS.index(host.manager)] if host.manager in MANAGERS else ""


def install_commands(host: Host, names: Sequence[str]) -> tuple[Command, ...]:
    """Return the commands that install packages; none without rights or a known package manager."""
    own = host.manager in _OF_THE_ACCOUNT
    if not names or host.manager not in _INSTALL or not (own or host.root or host.sudo):
        return ()
    if own:
        return (_typed(host, names),)
    sudo = () if host.root else ("sudo",)
    wanted = tuple(dict.fromkeys(names))
    if host.manager == "apt-get":
        return _apt(sudo, wanted)
    words = {
        "dnf": ("dnf", "install", "-y"),
        "pacman": ("pacman", "-S", "--needed", "--noconfirm"),
        "zypper": ("zypper", "--non-interactive", "install"),
    }[host.manager]
    return ((*sudo, *words, *wanted),)


def by_hand(host: Host, names: Sequence[str]) -> str:
    """Return what a person types to install packages, empty where there is nothing to type."""
    if not names or host.manager not in _INSTALL:
        return ""
    typed = shlex.join(_typed(host, names))
    if host.root or host.manager in _OF_THE_ACCOUNT:
        return typed
    return f"sudo {typed}" if host.sudo else f"as root: {typed}"


def _typed(host: Host, names: Sequence[str]) -> Command:
    flake = "nixpkgs#" if host.manager == "nix" else ""
    return (*_INSTALL[host.manager], *dict.fromkeys(f"{flake}{name}" for name in names))


def _apt(sudo: Command, names: tuple[str, ...]) -> tuple[Command, ...]:
    """``--no-remove``: nothing of the machine's own makes room for what we install."""
    apt = (*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120")
    update = () if _lists_fresh() else ((*apt, "update"),)
    return (*update, (*apt, "install", "-y", "--no-remove", "--no-install-recommends", *names))


def _lists_fresh() -> bool:
    """Whether apt has lists of at most a day: older ones name files that mirrors no longer hold."""
    if not any(_LISTS.glob("*_Packages*")):
        return False
    newest = max(path.stat().st_mtime for path in (_LISTS, _LISTS / "partial") if path.exists())
    return time.time() - newest < _DAY
