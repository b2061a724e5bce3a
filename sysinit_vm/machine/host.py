"""What decides how programs are installed here: system, package manager, rights, our own directories."""

import contextlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sysinit_vm import files, user_directories
from sysinit_vm.executables import find
from sysinit_vm.machine.pinned_versions import LIMA, ZELLIJ

MANAGERS = ("apt-get", "dnf", "pacman", "zypper", "nix")  # in the order in which they are looked for
_ON_MACOS = ("brew", "nix")
_ARCH = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True)
class Host:
    """What decides a route. ``manager`` is the package manager's program; empty if we know none of this system.

    ``arch`` is as Lima says it (x86_64, aarch64). ``codename`` is the distribution's, such as bookworm. ``data`` and
    ``cache`` are our own directories in the user's data and cache directories (absolute).
    """

    system: str
    arch: str
    manager: str
    root: bool
    sudo: bool
    codename: str
    data: Path
    cache: Path
    cores: int

    @classmethod
    def read(cls) -> Self:
        """Return this machine's host data; starts no process. VmError if others can write our directories."""
        system, machine = platform.system(), platform.machine().lower()
        managers = _ON_MACOS if system == "Darwin" else MANAGERS
        tells = system == "Linux" and Path("/etc/os-release").exists()
        release = platform.freedesktop_os_release() if tells else {}
        return cls(
            system=system,
            arch="aarch64" if system == "Darwin" and _is_translated() else _ARCH.get(machine, machine),
            manager=next(filter(find, managers), ""),
            root=os.geteuid() == 0,
            sudo=find("sudo") is not None,
            codename=release.get("VERSION_CODENAME", ""),
            data=files.require_private(user_directories.data()),
            cache=files.require_private(user_directories.cache(), may_be_file=True),
            cores=os.cpu_count() or 1,
        )

    @property
    def limactl(self) -> Path:
        """Where our own limactl is, once built."""
        return self.data / f"lima-{LIMA}" / "bin" / "limactl"

    @property
    def zellij(self) -> Path:
        """Where our own Zellij for the guest is, once built."""
        return self.data / f"zellij-{ZELLIJ}" / "bin" / "zellij"


def _is_translated() -> bool:
    """Whether Rosetta runs this Python, which then takes an Apple silicon Mac for an Intel one.

    limactl is of the machine's own architecture, and so are its guests. The question is Apple's ("About the Rosetta
    translation environment"); an Intel Mac does not know it.
    """
    import ctypes

    value, size = ctypes.c_int(0), ctypes.c_size_t(ctypes.sizeof(ctypes.c_int))
    asked = (b"sysctl.proc_translated", ctypes.byref(value), ctypes.byref(size), None, ctypes.c_size_t(0))
    with contextlib.suppress(AttributeError):  # no such function: not on macOS
        return ctypes.CDLL(None).sysctlbyname(*asked) == 0 and value.value == 1
    return False
