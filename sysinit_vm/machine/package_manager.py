"""How this machine's package manager installs: the commands that we run, and what a person types.

Our own tests run apt-get. dnf, pacman, zypper and Homebrew follow these systems' documentation, and nix follows
nixpkgs' own files; we have run none of them.
"""

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sysinit_vm.machine.host import MANAGERS, Host
from sysinit_vm.machine.release_archives import Delivery

_WITHOUT_ROOT = ("brew", "nix")
# As people type it; what we run has more options.
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
class Cost:
    """What a route takes on this machine, about: minutes (the least and the most), and megabytes.

    ``download`` is what comes over the network, ``work`` what the disk needs meanwhile, ``stays`` what it keeps.
    """

    minutes: tuple[int, int]
    download: int = 0
    work: int = 0
    stays: int = 0

    @property
    def time(self) -> str:
        """The minutes in words."""
        least, most = self.minutes
        return f"{least} to {most} minutes" if least else f"up to {most} minute{'s' if most > 1 else ''}"


@dataclass(frozen=True)
class Route:
    """One way to install something: what it is, in a phrase, and the commands in order, each with its own variables.

    Or, instead of commands, the ``archive`` that is downloaded and unpacked. ``cost`` is None if nobody has measured
    it. ``why`` says why this way is taken and not an archive, if that is to be told. ``background`` says that it takes
    long and that a VM starts without it: `up` goes on meanwhile.

    ``here`` says what an interrupted run has left, from which this one goes on; empty if nothing.

    ``secrets`` are files (absolute) that the commands read and that nobody is shown: for this account alone, written
    before the first command and removed after the last.
    """

    description: str
    commands: tuple[Command, ...]
    secrets: tuple[tuple[Path, bytes], ...] = field(default=(), repr=False)
    cost: Cost | None = None
    archive: Delivery | None = None
    why: str = ""
    here: str = ""
    background: bool = False

    @property
    def by_sudo(self) -> bool:
        """Whether one of the commands asks for root's rights."""
        return any(command[0] == "sudo" for command in self.commands)

    def data(self) -> dict[str, Any]:
        """Return plain data for JSON, without the secrets."""
        archive = {"archive": self.archive.data()} if self.archive else {}
        return {"description": self.description, "commands": self.commands, **archive}


def package_name(host: Host, names: Sequence[str]) -> str:
    """Return this machine's package of a part, empty if there is none; ``names`` are in the order of MANAGERS."""
    return names[MANAGERS.index(host.manager)] if host.manager in MANAGERS else ""


def install_commands(host: Host, names: Sequence[str]) -> tuple[Command, ...]:
    """Return the commands that install packages; none without the rights, or without a package manager that we know."""
    rootless = host.manager in _WITHOUT_ROOT
    if not names or host.manager not in _INSTALL or not (rootless or host.root or host.sudo):
        return ()
    if rootless:
        return (_command_by_hand(host, names),)
    sudo = () if host.root else ("sudo",)
    packages = tuple(dict.fromkeys(names))
    if host.manager == "apt-get":
        return _apt(sudo, packages)
    words = {
        "dnf": ("dnf", "install", "-y"),
        "pacman": ("pacman", "-S", "--needed", "--noconfirm"),
        "zypper": ("zypper", "--non-interactive", "install"),
    }[host.manager]
    return ((*sudo, *words, *packages),)


def by_hand(host: Host, names: Sequence[str]) -> str:
    """Return what a person types to install packages; empty if there is nothing to type."""
    if not names or host.manager not in _INSTALL:
        return ""
    command = shlex.join(_command_by_hand(host, names))
    if host.root or host.manager in _WITHOUT_ROOT:
        return command
    return f"sudo {command}" if host.sudo else f"as root: {command}"


def _command_by_hand(host: Host, names: Sequence[str]) -> Command:
    flake = "nixpkgs#" if host.manager == "nix" else ""
    return (*_INSTALL[host.manager], *dict.fromkeys(f"{flake}{name}" for name in names))


def _apt(sudo: Command, names: tuple[str, ...]) -> tuple[Command, ...]:
    """``--no-remove``: what the machine has is never removed for what we install. ``LC_ALL``: its output is read."""
    variables = ("DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
    apt = (*sudo, "env", *variables, "apt-get", "-o", "DPkg::Lock::Timeout=120")
    update = () if _lists_fresh() else ((*apt, "update"),)
    return (*update, (*apt, "install", "-y", "--no-remove", "--no-install-recommends", *names))


def _lists_fresh() -> bool:
    """Whether apt's lists are at most a day old: older ones name files that mirrors no longer have."""
    if not any(_LISTS.glob("*_Packages*")):
        return False
    newest = max(path.stat().st_mtime for path in (_LISTS, _LISTS / "partial") if path.exists())
    return time.time() - newest < _DAY
