"""What a VM needs on the host, whether it is there, and how each missing part is installed."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from sysinit_vm import settings
from sysinit_vm.errors import VmError
from sysinit_vm.executables import dotted, find
from sysinit_vm.host_path import expanded
from sysinit_vm.lima import kvm
from sysinit_vm.lima.kvm import Access
from sysinit_vm.machine import find_programs, package_manager, routes
from sysinit_vm.machine.host import Host
from sysinit_vm.machine.package_manager import Cost, Route
from sysinit_vm.machine.release_archives import COMPILED, Releases
from sysinit_vm.runner import Runner

OLDEST_QEMU = (4, 0, 0)
KVM_GROUP = "KVM"  # the part that is a membership
_PACKAGES_COST = Cost((1, 3), download=60, stays=250)


@dataclass(frozen=True)
class Prerequisite:
    """One part: where it is (absolute), its version (dotted), whether that is enough, and how it is installed.

    ``need`` says what it is for, and why there is no route. Without a part that is not ``required`` the VM works, with
    less. ``package`` is what the system's package manager calls it; empty if it does not come from there.
    """

    name: str
    found: Path | None
    version: str
    enough: bool
    need: str
    route: Route | None
    required: bool = True
    package: str = ""

    def data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        found, route = (str(self.found) if self.found else None), (self.route.data() if self.route else None)
        return {**own, "found": found, "route": route}


@dataclass(frozen=True)
class _Tool:
    """A part from a system package: any one of ``files``, and the package's name for each of MANAGERS.

    ``{prefix}`` in a file is where QEMU is installed, such as /usr.
    """

    name: str
    files: tuple[str, ...]
    need: str
    packages: tuple[str, str, str, str, str]
    required: bool = True


# Firmware paths are those where Lima 2.2 looks (getFirmware of pkg/driver/qemu). nixpkgs' QEMU contains it.
_X86 = (
    _Tool("qemu-system-x86_64", ("qemu-system-x86_64",), "runs the VM",
          ("qemu-system-x86", "qemu-system-x86-core", "qemu-system-x86", "qemu-x86", "qemu")),
    _Tool("firmware", ("~/.local/share/qemu/edk2-x86_64-code.fd", "{prefix}/share/qemu/edk2-x86_64-code.fd",
                       "/usr/share/edk2/x64/OVMF_CODE.4m.fd",
                       "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_CODE_4M.fd",
                       "/usr/share/edk2/ovmf/OVMF_CODE.fd",
                       "/usr/share/qemu/ovmf-x86_64.bin", "/usr/share/qemu/ovmf-x86_64-4m.bin"),
          "the VM's UEFI", ("ovmf", "edk2-ovmf", "edk2-ovmf", "qemu-ovmf-x86_64", "qemu")),
)  # fmt: skip
_ARM = (
    _Tool("qemu-system-aarch64", ("qemu-system-aarch64",), "runs the VM",
          ("qemu-system-arm", "qemu-system-aarch64-core", "qemu-system-aarch64", "qemu-arm", "qemu")),
    _Tool("firmware", ("~/.local/share/qemu/edk2-aarch64-code.fd", "{prefix}/share/qemu/edk2-aarch64-code.fd",
                       "/usr/share/edk2/aarch64/QEMU_CODE.fd", "/usr/share/AAVMF/AAVMF_CODE.fd",
                       "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"),
          "the VM's UEFI", ("qemu-efi-aarch64", "edk2-aarch64", "edk2-aarch64", "qemu-uefi-aarch64", "qemu")),
)  # fmt: skip
# No mmdebstrap from nixpkgs: it finds neither Debian's keys nor a privileged newuidmap, which a profile of an ordinary
# account cannot contain either.
_ALL = (
    _Tool("qemu-img", ("qemu-img",), "makes disks", ("qemu-utils", "qemu-img", "qemu-img", "qemu-tools", "qemu")),
    _Tool("ssh", ("ssh",), "reaches the VM",
          ("openssh-client", "openssh-clients", "openssh", "openssh-clients", "openssh")),
    _Tool("mkfs.ext4", ("mkfs.ext4",), "makes the image of build.debian", ("e2fsprogs",) * 5, required=False),
    _Tool("mmdebstrap", ("mmdebstrap",), "makes the image of build.debian",
          ("mmdebstrap", "mmdebstrap", "", "", ""), required=False),
    _Tool("Debian's keys", ("/usr/share/keyrings/debian-archive-keyring.gpg",), "verify what build.debian downloads",
          ("debian-archive-keyring", "debian-keyring", "", "", ""), required=False),
    _Tool("git", ("git",), "nix reads a checkout with it", ("git",) * 5, required=False),
)  # fmt: skip
_BWRAP = _Tool("bwrap", ("bwrap",), "compiles Zellij for the guest", ("bubblewrap",) * 5, required=False)
_ROOT = (replace(_BWRAP, need="runs limactl for root, which it refuses", required=True),)
_ORDINARY = (
    _BWRAP,
    _Tool("newuidmap", ("newuidmap",), "lets an ordinary account run build.debian",
          ("uidmap", "shadow-utils", "shadow", "shadow", ""), required=False),
)  # fmt: skip


def survey(runner: Runner, host: Host, releases: Releases = COMPILED) -> list[Prerequisite]:
    """Return every part that this kind of machine needs, in the order in which they are installed. Reads only.

    ``releases`` says what is taken from upstream's archives. MissingError if a variable names a program that cannot be
    used.
    """
    system = tools(runner, host)
    return [*system, *kvm_group(host), *lima(runner, host, releases), zellij(runner, host, system, releases)]


def tools(runner: Runner, host: Host) -> list[Prerequisite]:
    """Return what comes from the system's packages; all missing parts share one route."""
    if host.system != "Linux":
        return []
    wanted = (*(_ARM if host.arch == "aarch64" else _X86), *_ALL, *(_ROOT if host.root else _ORDINARY))
    paths = _paths(wanted, find(f"qemu-system-{host.arch}"))
    missing = [tool for tool in wanted if not paths[tool] and package_manager.package_name(host, tool.packages)]
    commands = package_manager.install_commands(
        host, [package_manager.package_name(host, tool.packages) for tool in missing]
    )
    cost = _PACKAGES_COST if host.manager == "apt-get" else None
    route = Route("System packages", commands, cost=cost) if commands else None
    return [_tool(runner, host, tool, path, route if tool in missing else None) for tool, path in paths.items()]


def kvm_group(host: Host) -> list[Prerequisite]:
    """Return the membership in the group kvm, if this account lacks only that to use KVM, and can be given it."""
    with contextlib.suppress(VmError):  # a bad setting, which others report
        if settings.value("accelerator") == "tcg":
            return []
    if host.system != "Linux" or host.root or not host.sudo or kvm.access() is not Access.JOINABLE:
        return []
    command = ("sudo", "usermod", "-aG", kvm.GROUP, kvm.user())
    route = Route(f"The group {kvm.GROUP} for the account {kvm.user()}", (command,), cost=Cost((0, 0)))
    return [
        Prerequisite(
            KVM_GROUP, None, "", False, "makes VMs fast; this account is not in the group kvm", route, required=False
        )
    ]


def _paths(wanted: Sequence[_Tool], qemu: Path | None) -> Mapping[_Tool, Path | None]:
    """Return where each tool is, None if it is missing. Like Lima, follow no links to QEMU."""
    prefix = str(qemu.parents[1]) if qemu else "/usr"

    def first(files: Sequence[str]) -> Path | None:
        places = (str(expanded(file.replace("{prefix}", prefix))) for file in files)
        return next(filter(None, map(find, places)), None)

    return {tool: first(tool.files) for tool in wanted}


def _tool(runner: Runner, host: Host, tool: _Tool, path: Path | None, route: Route | None) -> Prerequisite:
    asked = path is not None and tool.name.startswith("qemu-system")
    own_version = find_programs.program_version(runner, path) if path and asked else ()
    enough = path is not None and (not own_version or own_version >= OLDEST_QEMU)
    need = tool.need
    if path and not enough:
        need += f"; at least {dotted(OLDEST_QEMU)}"
    elif not path and not route:
        need += f"; install it (on Debian: {tool.packages[0]}), as root if sudo is not available"
    return Prerequisite(
        tool.name,
        path,
        dotted(own_version),
        enough,
        need,
        route,
        tool.required,
        package=package_manager.package_name(host, tool.packages),
    )


def lima(runner: Runner, host: Host, releases: Releases = COMPILED) -> list[Prerequisite]:
    """Return limactl and its guest agent; MissingError if SYSINIT_VM_LIMACTL names none that can be used."""
    limactl = _limactl(runner, host, releases)
    return [limactl, _guest_agent(limactl, host)]


def _limactl(runner: Runner, host: Host, releases: Releases) -> Prerequisite:
    path = find_programs.find_limactl(runner, host)
    need = f"makes and runs VMs; at least {dotted(find_programs.OLDEST_LIMACTL)}"
    if path:
        return Prerequisite(
            "limactl", path, dotted(find_programs.limactl_version(runner, path, host)), True, need, None
        )
    other = find("limactl")
    other_version = find_programs.limactl_version(runner, other, host) if other else ()
    route = routes.lima(runner, host, releases)
    if other_version >= find_programs.OLDEST_LIMACTL:
        need += f"; the guest agent for {host.arch} is not beside {other}"
    if not route:
        _, obstacle = releases.lima(host)
        need += f"; {obstacle}" if obstacle else ""
        need += "; install Homebrew or nix first" if host.system == "Darwin" else ""
    return Prerequisite("limactl", other, dotted(other_version), False, need, route)


def _guest_agent(limactl: Prerequisite, host: Host) -> Prerequisite:
    """It comes with limactl, by the same route."""
    path = find_programs.guest_agent(limactl.found, host.arch) if limactl.found else None
    return Prerequisite("guest agent", path, "", path is not None, "reports the guest's ports", limactl.route)


def zellij(runner: Runner, host: Host, parts: Sequence[Prerequisite], releases: Releases = COMPILED) -> Prerequisite:
    """Return the guest's Zellij; MissingError if SYSINIT_VM_ZELLIJ names none.

    If it is not taken from an archive, it is compiled with ``tools`` (``parts``).
    """
    path = find_programs.find_zellij(runner, host)
    need = "the guest's sessions; without it the guest gives a login shell"
    if path:
        return Prerequisite(
            "zellij", path, dotted(find_programs.program_version(runner, path)), True, need, None, required=False
        )
    route, obstacle = routes.zellij_archive(releases, host)
    compilers = [part for part in parts if part.name in routes.COMPILES_ZELLIJ]
    if route:
        pass
    elif host.system != "Linux":
        need += f"; {obstacle}" if obstacle else ""
        need += f"; one for the guest cannot be compiled on {host.system}: set SYSINIT_VM_ZELLIJ to a Linux one"
    elif not all(part.enough or part.route for part in compilers):
        need += f"; it is compiled with {' and '.join(routes.COMPILES_ZELLIJ)}: install these first"
    else:
        try:
            route = routes.zellij(host, obstacle)
        except VmError as error:  # the mirror's setting
            need += f"; {error.brief} {error.detail}".rstrip()
    return Prerequisite("zellij", None, "", False, need, route, required=False)
