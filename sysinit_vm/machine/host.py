"""What this machine offers for obtaining things: its package manager, its rights, our folders on it.

apt-get is run by our own tests; dnf, pacman, zypper and Homebrew are written from these systems' documents, nix
from nixpkgs' own files, and none of them has been run by us.
"""

import os
import platform
import re
import shlex
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import platformdirs

LIMA, ZELLIJ = "2.2.0", "0.45.1"  # the versions that we build
SUITE = "bookworm"  # the Debian of the guest, and of what is compiled for it
MANAGERS = ("apt-get", "dnf", "pacman", "zypper", "nix")  # in the order in which one is looked for
_ON_MACOS = ("brew", "nix")
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
_ARCH = {"amd64": "x86_64", "arm64": "aarch64"}
_SBIN = (os.defpath, "/usr/local/sbin", "/usr/sbin", "/sbin")  # not on an ordinary account's PATH on Debian

Command = tuple[str, ...]
Version = tuple[int, ...]


@dataclass(frozen=True)
class Route:
    """One way to obtain something: a sentence, and the commands in order, each with its own variables."""

    description: str
    commands: tuple[Command, ...]


@dataclass(frozen=True)
class Host:
    """What decides a route. ``manager`` is the package manager's program, empty where there is none we know.

    ``data`` and ``cache`` are our own folders in the user's data and cache directories (absolute).
    """

    system: str
    arch: str
    manager: str
    root: bool
    sudo: bool
    codename: str
    data: Path
    cache: Path

    @classmethod
    def read(cls) -> Self:
        """Return this machine's; starts no process."""
        system, machine = platform.system(), platform.machine().lower()
        managers = _ON_MACOS if system == "Darwin" else MANAGERS
        release = platform.freedesktop_os_release() if Path("/etc/os-release").exists() else {}
        return cls(
            system=system,
            arch=_ARCH.get(machine, machine),
            manager=next(filter(find, managers), ""),
            root=os.geteuid() == 0,
            sudo=find("sudo") is not None,
            codename=release.get("VERSION_CODENAME", ""),
            data=platformdirs.user_data_path("sysinit-vm"),
            cache=platformdirs.user_cache_path("sysinit-vm"),
        )

    @property
    def limactl(self) -> Path:
        """Where our own limactl is, once built."""
        return self.data / f"lima-{LIMA}" / "bin" / "limactl"

    @property
    def zellij(self) -> Path:
        """Where our own Zellij for the guest is, once built."""
        return self.data / f"zellij-{ZELLIJ}" / "bin" / "zellij"


def find(program: str) -> Path | None:
    """Return where a program is, on PATH or in the system's folders, or a file given as an absolute path."""
    found = shutil.which(program, path=os.pathsep.join((os.environ.get("PATH", ""), *_SBIN)))
    if not found and program.startswith("/") and os.path.isfile(program):  # noqa: PTH113  # also where it may not be looked at
        return Path(program)
    return Path(found).absolute() if found else None


def version(text: str) -> Version:
    """Return the first dotted number in ``text`` as integers, three of them; empty where there is none."""
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def called(host: Host, names: Sequence[str]) -> str:
    """Return what this machine's package manager calls a part, empty where it has none; ``names`` are by MANAGERS."""
    return names[MANAGERS.index(host.manager)] if host.manager in MANAGERS else ""


def packages(host: Host, names: Sequence[str]) -> tuple[Command, ...]:
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
