"""Where limactl and the guest's Zellij are on this machine."""

import contextlib
import os
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.errors import MissingError, VmError, typed
from sysinit_vm.executables import Version, find, version
from sysinit_vm.machine.host import Host
from sysinit_vm.runner import Runner

OLDEST_LIMACTL, OLDEST_ZELLIJ = (2, 0, 0), (0, 43, 0)
_READER = Runner()
_ELF_MACHINE = {"x86_64": 62, "aarch64": 183}


def find_limactl(runner: Runner = _READER, host: Host | None = None) -> Path | None:
    """Return limactl (absolute): ``SYSINIT_VM_LIMACTL``, one on PATH of at least 2.0.0, else ours.

    One on PATH also needs its guest agent beside it. MissingError where the variable names no file, or one
    that cannot be run or is too old.
    """
    host = host or Host.read()
    named = _named("SYSINIT_VM_LIMACTL")
    if named:
        return _new_enough(runner, named, host)
    path = find("limactl")
    if path and guest_agent(path, host.arch) and limactl_version(runner, path, host) >= OLDEST_LIMACTL:
        return path
    return host.limactl if find(str(host.limactl)) and guest_agent(host.limactl, host.arch) else None


def find_zellij(runner: Runner = _READER, host: Host | None = None) -> Path | None:
    """Return a Zellij for the guest (absolute): ``SYSINIT_VM_ZELLIJ``, ours, else a fitting one on PATH.

    That one is a Linux program of this machine's architecture, of at least 0.43, and not tied to /nix/store.
    MissingError where the variable names no file, or one that cannot be run.
    """
    host = host or Host.read()
    named = _named("SYSINIT_VM_ZELLIJ")
    if named:
        return named
    if find(str(host.zellij)):
        return host.zellij
    path = find("zellij")
    if not path or not _runs_in_guest(path, host):
        return None
    return path if told(runner, path) >= OLDEST_ZELLIJ else None


def told(runner: Runner, program: Path) -> Version:
    """Return the version that a program (absolute) tells, empty where it tells none or does not run here."""
    return version(said(runner, program))


def said(runner: Runner, program: Path) -> str:
    """Return what a program (absolute) says of its version, empty where it does not run here."""
    with contextlib.suppress(OSError, MissingError):
        return runner.read((str(program), "--version")).out
    return ""


def _named(variable: str) -> Path | None:
    value = os.environ.get(variable)
    if not value:
        return None
    path = Path(value).expanduser().absolute()
    if not path.is_file():
        raise MissingError(f"{variable} names no file.", detail=str(path), hint=f"unset {variable}")
    if not os.access(path, os.X_OK):
        hint = f"{typed('chmod', '+x', path)}, or unset {variable}"
        raise MissingError(f"{variable} names a file that cannot be run.", detail=str(path), hint=hint)
    return path


def _new_enough(runner: Runner, limactl: Path, host: Host) -> Path:
    has = limactl_version(runner, limactl, host)
    if has >= OLDEST_LIMACTL:
        return limactl
    oldest = ".".join(map(str, OLDEST_LIMACTL))
    raise MissingError(
        f"SYSINIT_VM_LIMACTL is limactl {'.'.join(map(str, has)) or 'of no version'}.",
        detail=f"{limactl}; at least {oldest} is needed.",
        hint="unset SYSINIT_VM_LIMACTL, then sysinit-vm setup",
    )


def guest_agent(limactl: Path, arch: str) -> Path | None:
    """Return the guest agent that limactl (absolute) finds beside itself for a guest of ``arch``, if any."""
    prefixes = (limactl.parent.parent, limactl.resolve().parent.parent)
    places = [prefix / "share/lima" / f"lima-guestagent.Linux-{arch}" for prefix in prefixes]
    return next(
        (path for each in places for path in (each, each.with_suffix(each.suffix + ".gz")) if path.is_file()), None
    )


def limactl_version(runner: Runner, limactl: Path, host: Host) -> Version:
    """Return the version of a limactl (absolute), empty where it tells none.

    Remembered in the cache directory until the file changes: asking takes 40 ms, and every command needs it.
    """
    note = host.cache / "limactl-version"
    status = limactl.stat()
    key = f"{limactl} {status.st_mtime_ns} {status.st_size}"
    with contextlib.suppress(OSError):
        remembered, _, has = note.read_text().rpartition("\n")
        if remembered == key:
            return version(has)
    has = ""
    with contextlib.suppress(OSError):  # a program of another kind of machine
        has = runner.read((*_as_ordinary(host), str(limactl), "--version")).out.strip()
    if version(has):
        with contextlib.suppress(VmError):
            files.write(note, f"{key}\n{has}")
    return version(has)


def _as_ordinary(host: Host) -> tuple[str, ...]:
    """Return the words before it: limactl 2.2 refuses uid 0 even for its version."""
    if not host.root or host.system != "Linux":
        return ()
    return ("unshare", "--user", "--map-user=1000", "--map-group=1000")


def _runs_in_guest(program: Path, host: Host) -> bool:
    with contextlib.suppress(OSError), program.open("rb") as stream:
        head = stream.read(4096)
        machine = head[:4] == b"\x7fELF" and int.from_bytes(head[18:20], "little")
        return machine == _ELF_MACHINE.get(host.arch) and b"/nix/store/" not in head
    return False
