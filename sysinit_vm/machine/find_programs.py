"""Where limactl and the guest's Zellij are on this machine."""

import contextlib
import os
from pathlib import Path

from sysinit_vm import files, guest_writes, user_account
from sysinit_vm.errors import MissingError, VmError, typed
from sysinit_vm.executables import Version, dotted, find, version
from sysinit_vm.host_path import expanded
from sysinit_vm.machine.host import Host
from sysinit_vm.runner import Runner

OLDEST_LIMACTL, OLDEST_ZELLIJ = (2, 0, 0), (0, 43, 0)
_READER = Runner()
_ELF_MACHINE = {"x86_64": 62, "aarch64": 183}


def find_limactl(runner: Runner = _READER, host: Host | None = None) -> Path | None:
    """Return limactl (absolute): ``SYSINIT_VM_LIMACTL``, one on PATH of at least 2.0.0, else ours.

    One on PATH also needs its guest agent beside it. MissingError if the variable names no file, or one
    that cannot be run or is too old, and for an account that limactl refuses.
    """
    user_account.require_name()
    host = host or Host.read()
    configured = _configured("SYSINIT_VM_LIMACTL")
    if configured:
        return _new_enough(runner, configured, host)
    path = find("limactl")
    if path and guest_agent(path, host.arch) and limactl_version(runner, path, host) >= OLDEST_LIMACTL:
        return path
    return host.limactl if find(str(host.limactl)) and guest_agent(host.limactl, host.arch) else None


def find_zellij(runner: Runner = _READER, host: Host | None = None) -> Path | None:
    """Return a Zellij for the guest (absolute): ``SYSINIT_VM_ZELLIJ``, ours, else a suitable one on PATH.

    That one must be a Linux program of this machine's architecture, of at least 0.43, and not linked to /nix/store.
    MissingError if the variable names no file, or one that cannot be run.
    """
    host = host or Host.read()
    configured = _configured("SYSINIT_VM_ZELLIJ")
    if configured:
        return configured
    if find(str(host.zellij)):
        return host.zellij
    path = find("zellij")
    if not path or not _runs_in_guest(path, host):
        return None
    return path if program_version(runner, path) >= OLDEST_ZELLIJ else None


def find_zellij_for(arch: str, runner: Runner = _READER, host: Host | None = None) -> Path | None:
    """As ``find_zellij``, but None if it is not a Linux program for a guest of ``arch`` (as Lima says it)."""
    path = find_zellij(runner, host)
    return path if path and _linux_arch(path) == arch else None


def program_version(runner: Runner, program: Path) -> Version:
    """Return the version that a program (absolute) prints; empty if it prints none or does not run here."""
    return version(version_output(runner, program))


def version_output(runner: Runner, program: Path) -> str:
    """Return what a program (absolute) prints for ``--version``; empty if it does not run here."""
    with contextlib.suppress(OSError, MissingError):
        return runner.read((str(program), "--version")).out
    return ""


def _configured(variable: str) -> Path | None:
    value = os.environ.get(variable)
    if not value:
        return None
    path = expanded(value).absolute()
    if not path.is_file():
        raise MissingError(f"{variable} names no file.", detail=str(path), hint=f"unset {variable}")
    if guest_writes.is_guests(path):
        detail = f"{path}: the guest of a project can write there, and so put in what it likes."
        raise MissingError(f"{variable} names a file that is not safe to run.", detail=detail, hint=f"unset {variable}")
    if not os.access(path, os.X_OK):
        hint = f"{typed('chmod', '+x', path)}, or unset {variable}"
        raise MissingError(f"{variable} names a file that cannot be run.", detail=str(path), hint=hint)
    return path


def _new_enough(runner: Runner, limactl: Path, host: Host) -> Path:
    own_version = limactl_version(runner, limactl, host)
    if own_version >= OLDEST_LIMACTL:
        return limactl
    problem = f"is limactl {dotted(own_version)}" if own_version else "is not a limactl that tells its version"
    raise MissingError(
        f"SYSINIT_VM_LIMACTL {problem}.",
        detail=f"{limactl}; at least {dotted(OLDEST_LIMACTL)} is needed.",
        hint="unset SYSINIT_VM_LIMACTL, then sysinit-vm setup",
    )


def guest_agent(limactl: Path, arch: str) -> Path | None:
    """Return the guest agent that limactl (absolute) finds beside itself for a guest of ``arch``, or None."""
    prefixes = (limactl.parent.parent, limactl.resolve().parent.parent)
    places = [prefix / "share/lima" / f"lima-guestagent.Linux-{arch}" for prefix in prefixes]
    files = (file for place in places for file in (place, place.with_suffix(place.suffix + ".gz")))
    return next((file for file in files if file.is_file()), None)


def limactl_version(runner: Runner, limactl: Path, host: Host) -> Version:
    """Return the version of a limactl (absolute); empty if it prints none.

    Kept in the cache directory until the file changes: asking takes 40 ms, and every command needs it.
    """
    cached = host.cache / "limactl-version"
    status = limactl.stat()
    key = f"{limactl} {status.st_mtime_ns} {status.st_size}"
    cached_key, _, output = files.read_or_empty(cached).rpartition("\n")
    if cached_key == key:
        return version(output)
    output = ""
    with contextlib.suppress(OSError):  # a program for another kind of machine
        output = runner.read((*_unprivileged(host), str(limactl), "--version")).out.strip()
    if version(output):
        with contextlib.suppress(VmError):
            files.write(cached, f"{key}\n{output}")
    return version(output)


def _unprivileged(host: Host) -> tuple[str, ...]:
    """Return the words before limactl that drop root: limactl 2.2 refuses uid 0 even for its version."""
    if not host.root or host.system != "Linux":
        return ()
    return ("unshare", "--user", "--map-user=1000", "--map-group=1000")


def _runs_in_guest(program: Path, host: Host) -> bool:
    return _linux_arch(program) == host.arch and b"/nix/store/" not in _head(program)


def _linux_arch(program: Path) -> str | None:
    """Return the architecture that a program (absolute) of Linux is for, as Lima says it; None if it is none."""
    head = _head(program)
    machine = int.from_bytes(head[18:20], "little") if head[:4] == b"\x7fELF" else None
    return next((arch for arch, number in _ELF_MACHINE.items() if number == machine), None)


def _head(program: Path) -> bytes:
    with contextlib.suppress(OSError, ValueError), files.opened(program) as stream:
        return stream.read(4096)
    return b""
