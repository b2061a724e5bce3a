"""What cannot be installed: acceleration, disk space, memory, the length of LIMA_HOME, rights, owners, open files."""

import contextlib
import grp
import os
import resource
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sysinit_vm import settings, user_directories
from sysinit_vm.errors import UsageError, VmError, typed
from sysinit_vm.lima import kvm, names
from sysinit_vm.lima.kvm import Access
from sysinit_vm.machine import accelerator, facts, root_files
from sysinit_vm.machine.host import Host
from sysinit_vm.runner import Runner

_GIB = 2**30
_ROOM = 10 * _GIB  # an image, its build, and the first gigabytes of a guest's disk
_MEMORY = 4 * _GIB
_SHOWN = 3  # paths of files that are root's
_FILES = 1024  # QEMU's 9p server and Lima's forwards open many; launchd allows 256


@dataclass(frozen=True)
class Limit:
    """What there is, in words, whether that is enough, and what to type if it is not.

    If it is not ``hard``, VMs may still work with less.
    """

    name: str
    found: str
    enough: bool
    hint: str = ""
    hard: bool = True

    def data(self) -> dict[str, Any]:
        """Return plain data for JSON, where the hint is called ``mend``."""
        plain = asdict(self)
        return {"mend" if name == "hint" else name: value for name, value in plain.items()}


def survey(runner: Runner, host: Host, lima_home: Path, kernels: Sequence[Path] = ()) -> list[Limit]:
    """Return this machine's limits; ``lima_home`` is absolute and need not exist. Reads only.

    ``kernels`` (absolute) are those to probe KVM with.
    """
    return [
        _accelerator(runner, kernels),
        _room(lima_home),
        _memory(),
        _length(lima_home),
        *_rights(host),
        *_owners(host, lima_home),
        _open_files(),
    ]


def _wanted_accelerator() -> str:
    """Return the setting; empty if it is bad, which the limit ``accelerator`` reports."""
    with contextlib.suppress(VmError):
        return str(settings.value("accelerator"))
    return ""


def _accelerator(runner: Runner, kernels: Sequence[Path]) -> Limit:
    """It is not enough if /dev/kvm exists but does not work, since QEMU would hang forever."""
    try:
        wanted = str(settings.value("accelerator"))
        chosen = accelerator.choose(runner, facts.gather(), wanted, kernels)
    except VmError as error:
        return Limit("accelerator", error.brief, enough=False, hint=error.hint)
    found = f"{chosen.name}. {chosen.note}".rstrip(". ") + "."
    return Limit("accelerator", found, enough=not chosen.note, hard=False)


def _room(lima_home: Path) -> Limit:
    directory = next(path for path in (lima_home, *lima_home.parents) if path.exists())
    free = shutil.disk_usage(directory).free
    return Limit("disk space", f"{free / _GIB:.0f} GiB free at {directory}", free >= _ROOM, "sysinit-vm prune")


def _memory() -> Limit:
    import psutil

    memory = psutil.virtual_memory()
    found = f"{memory.available / _GIB:.1f} of {memory.total / _GIB:.1f} GiB available"
    hint = "sysinit-vm list, then stop what you do not need"
    return Limit("memory", found, memory.available >= _MEMORY, hint, hard=False)


def _length(lima_home: Path) -> Limit:
    try:
        longest = names.longest_vm_name(lima_home)
    except UsageError as error:
        return Limit("LIMA_HOME", f"{error.brief} {error.detail}", enough=False, hint=error.hint)
    return Limit("LIMA_HOME", f"{lima_home}: VM names may have up to {longest} characters", enough=True)


def _rights(host: Host) -> Iterator[Limit]:
    if host.system != "Linux":
        return
    access = kvm.access()
    groups = ", ".join(sorted({grp.getgrgid(group).gr_name for group in os.getgroups() if _has_name(group)}))
    if access is Access.NO_DEVICE or host.root:
        yield Limit("user", "root" if host.root else f"in groups {groups}", enough=True)
        return
    wanted, allowed = _wanted_accelerator(), access in {Access.OPEN, Access.JOINED}
    found = "may use /dev/kvm" if allowed else f"may not use /dev/kvm; in groups {groups}"
    joinable = access is Access.JOINABLE and host.sudo
    other = f"as root: {kvm.joining()}" if access is Access.JOINABLE else "ls -l /dev/kvm, whose owner could let you in"
    hint = "sysinit-vm setup" if joinable else other
    yield Limit("user", found, allowed or wanted == "tcg", hint, hard=wanted == "kvm")


def _owners(host: Host, lima_home: Path) -> Iterator[Limit]:
    if host.root:
        return
    ours = (host.data, host.cache, user_directories.config(), lima_home)
    paths = root_files.below(ours)
    if not paths:
        yield Limit("owners", "VMs and sysinit-vm have no files of root", enough=True)
        return
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    found = f"root's, as sudo leaves them: {', '.join(map(str, paths[:_SHOWN]))}{more}"
    places = [place for place in ours if any(place in path.parents for path in paths)] if more else paths
    yield Limit("owners", found, enough=False, hint=typed("sudo", "chown", "-R", kvm.user(), *places))


def _has_name(group: int) -> bool:
    try:
        grp.getgrgid(group)
    except KeyError:
        return False
    return True


def _open_files() -> Limit:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = "any number may be set" if hard == resource.RLIM_INFINITY else f"at most {hard}"
    return Limit("open files", f"{soft} ({most})", soft >= _FILES, f"ulimit -n {_FILES}", hard=False)
