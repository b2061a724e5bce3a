"""What a config is judged against on this machine: its directories, and the passwords in its proxy settings."""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sysinit_vm import guest_writes, settings
from sysinit_vm.config import document
from sysinit_vm.config.params import PROJECT_DIR
from sysinit_vm.files import read_or_empty
from sysinit_vm.guest_writes import Written
from sysinit_vm.host_path import expanded, resolved
from sysinit_vm.lima import silent
from sysinit_vm.lima.home import instance_directories, lima_home
from sysinit_vm.trust import approvals
from sysinit_vm.trust.danger import Context
from sysinit_vm.trust.refusals import used_as_written
from sysinit_vm.trust.rules import mappings

_SYSTEM = ("/dev", "/var/spool/cron", *(("/proc", "/sys") if sys.platform == "linux" else ("/usr/lib/cron",)))
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")


class _Named(NamedTuple):
    """What a VM's config names: its project, what its guest can write, and what is copied to, all as it is spelled.

    ``used`` are sockets, copies and playbooks, which are looked up by their paths while the VM runs.
    """

    project: str = ""
    written: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()
    used: tuple[str, ...] = ()


def here(data: Mapping[str, Any], root: Path, vm: Path | None) -> Context:
    """Return what ``data``, a config as limactl gets it, is judged against; ``root`` is the project (absolute).

    ``vm`` is the directory (absolute) of the instance that is judged, None if there is none yet: its own guest can
    exchange nothing while it starts, but what it has written stays. Every other VM counts, also of this project.
    """
    home = resolved(Path.home())
    own = (approvals.directory().parent, settings.user_file().parent)
    private = (*(resolved(directory) for directory in own), lima_home())
    # QEMU's virtiofs writes what it was told to only read (Lima 2.2.0, qemu.go).
    confined = not (data.get("mountType") == "virtiofs" and data.get("vmType") != "vz")
    linked = tuple(_linked(home))
    guests, written = tuple(_guests(vm)), tuple(_written(vm))
    return Context(
        root,
        home,
        lima_home(),
        private,
        confined,
        tuple(_proxies()),
        (*_programs(), *linked),
        linked,
        tuple(dict.fromkeys((*guests, *((name, one.path) for name, one in written)))),
        written,
        guest_writes.recorded(vm) if vm else (),
        tuple(_copied()),
        tuple(_used(vm)),
    )


def own_vm(root: Path, name: str) -> Path | None:
    """Return the directory (absolute) of the instance that a command for the project ``root`` and ``name`` means.

    It is the project's instance of that name, or its only one; None if there is neither.
    """
    own = [path for path in instance_directories() if project_of(path) == root]
    wanted = lima_home() / name
    return wanted if wanted in own else own[0] if len(own) == 1 else None


def project_of(instance: Path) -> Path | None:
    """Return the project (absolute) that the instance in the directory ``instance`` was made for; None if unknown."""
    config = instance / "lima.yaml"
    with suppress(OSError):
        project = _by_config(config, config.stat().st_mtime_ns).project
        return Path(project) if project else None
    return None


def _programs() -> Iterator[Path]:
    """Yield where the user's programs are, and the system's files by which one can run or change some."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    places = (sys.prefix, *_users_path(), runtime, *_SYSTEM)
    yield from (resolved(part) for part in places)


def _users_path() -> list[str]:
    """PATH as the user's shell has it: it runs also what we would not, such as what a project has on it."""
    return [part for part in os.environ.get("PATH", "").split(os.pathsep) if part.startswith("/")]


def _linked(home: Path) -> Iterator[Path]:
    """Yield what the user's settings and programs are links to, as those of a dotfiles manager, and by which way.

    A link to the home, or to what contains it, is none of them: Wine makes one to `/`.
    """
    configs = {home / ".config", Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")}
    units = [config / "systemd" / "user" for config in configs]
    programs = [home / "bin", home / ".local" / "bin", *map(Path, _users_path())]
    links = [
        *_links(home, 2, "."),
        *(link for config in configs for link in _links(config, 2)),
        *(link for unit in units for link in _links(unit, 1)),
        *_links(home, 0, "bin"),
        *(link for folder in programs for link in _links(folder, 0)),
    ]
    places = (place for link in dict.fromkeys(links) for place in guest_writes.turns(link))
    yield from dict.fromkeys(place for place in places if not home.is_relative_to(place))


def _links(folder: str | Path, depth: int, prefix: str = "") -> Iterator[str]:
    """Yield the links in ``folder`` whose names begin with ``prefix``, and all in ``depth`` directories below such.

    Such a directory may be a link itself, but not to the home or to what contains it.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(prefix):
                continue
            if entry.is_symlink():
                yield entry.path
            if depth and entry.is_dir() and not (entry.is_symlink() and _holds_home(entry.path)):
                yield from _links(entry.path, depth - 1)


def _holds_home(path: str) -> bool:
    return resolved(Path.home()).is_relative_to(resolved(path))


def _configs(vm: Path | None) -> list[tuple[str, _Named]]:
    """Return what the configs of all VMs but ``vm`` name, each with its VM's name, and those for all VMs."""
    configs = [(path.name, path / "lima.yaml") for path in instance_directories() if path != vm]
    configs += [("another VM", lima_home() / "_config" / f"{name}.yaml") for name in ("default", "override")]
    named = list[tuple[str, _Named]]()
    for name, config in configs:
        with suppress(OSError):
            named.append((name, _by_config(config, config.stat().st_mtime_ns)))
    return named


def _guests(vm: Path | None) -> Iterator[tuple[str, Path]]:
    """Yield the directories that guests can write, but for that of ``vm``: by their configs, and that for all VMs."""
    guests = [(name, _absolute(place)) for name, config in _configs(vm) for place in config.written]
    unanswered = silent.find(place for _, place in guests)
    for name, place in guests:
        with suppress(OSError, RuntimeError):
            yield name, place if place in unanswered else resolved(place)


def _copied() -> Iterator[Path]:
    """Yield the files of this machine that files of guests are copied to, by the configs of their VMs."""
    named = [(name, host) for name, config in _configs(None) for host in config.copied]
    yield from (resolved(place) for _, place in _answering(named))


def _used(vm: Path | None) -> Iterator[tuple[str, Path]]:
    """Yield what VMs but for ``vm`` look up by its path while they run, outside LIMA_HOME, each with its VM's name."""
    named = [(name, path) for name, config in _configs(vm) for path in config.used]
    yield from (one for one in _answering(named) if not one[1].is_relative_to(lima_home()))


def _answering(named: list[tuple[str, str]]) -> list[tuple[str, Path]]:
    """Return those paths that answer, absolute: Lima takes others as in the VM's own directory."""
    places = [(name, place) for name, path in named if (place := _absolute(path)).is_absolute()]
    unanswered = silent.find(place for _, place in places)
    return [one for one in places if one[1] not in unanswered]


def _absolute(path: str) -> Path:
    return expanded(path.replace("{{.Home}}", "~"))


def _written(vm: Path | None) -> Iterator[tuple[str, Written]]:
    """Yield what guests could write when their VMs were last started, but for ``vm``."""
    for directory in instance_directories():
        if directory != vm:
            yield from ((directory.name, one) for one in guest_writes.recorded(directory))


@cache
def _by_config(config: Path, _changed: int) -> _Named:
    """Return what a VM's config names; a start asks several times.

    A read-only mount counts too if the host does not keep it so. One whose place only Lima can tell may be anywhere.
    """
    try:
        data = document.plain(read_or_empty(config))
    except document.NOT_PLAIN:
        return _Named()
    data = data if isinstance(data, Mapping) else {}
    param = data.get("param")
    unsupported, vz = data.get("mountTypesUnsupported"), data.get("vmType") == "vz" or sys.platform == "darwin"
    kind = data.get("mountType") or ("virtiofs" if vz else "reverse-sshfs" if "9p" in (unsupported or ()) else "9p")
    kept = kind == "9p" or (kind == "virtiofs" and vz)
    mounts = [mount for mount in mappings(data, "mounts") if mount.get("writable") or not kept]
    written = [str(mount.get("location") or "/") for mount in mounts]
    somewhere = (location if "{{" not in location.replace("{{.Home}}", "") else "/" for location in written)
    copied = tuple(str(entry["host"]) for entry in mappings(data, "copyToHost") if entry.get("host"))
    sockets = [str(entry["hostSocket"]) for entry in mappings(data, "portForwards") if entry.get("hostSocket")]
    used = (*copied, *sockets, *(path for _, path in used_as_written(data)))
    return _Named(str(param.get(PROJECT_DIR, "")) if isinstance(param, Mapping) else "", tuple(somewhere), copied, used)


def _proxies() -> Iterator[tuple[str, str]]:
    for name in (*_PROXIES, *map(str.upper, _PROXIES)):
        value = os.environ.get(name, "")
        try:
            secret = urlsplit(value).password or "@" in value
        except ValueError:
            secret = "@" in value
        if secret:
            yield name, hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()
