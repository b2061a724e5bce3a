"""What not every user needs: task for Taskfiles, nix for images from a flake, virtiofsd for that mount type."""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from sysinit_vm.machine.host import MANAGERS, Host, Route, find, packages, version
from sysinit_vm.machine.parts import Prerequisite
from sysinit_vm.runner import Runner

_VIRTIOFSD = ("virtiofsd",) * 4
# By package manager. Debian's nix needs the users that build, which a package of their own makes.
_NIX = ("nix-bin nix-setup-systemd", "nix", "nix", "nix")
# Where Lima 2.2 looks for files that name one (FindVirtiofsd of pkg/driver/qemu), beside those of QEMU's own prefix.
_BACKENDS = (Path("~/.local/share/qemu/vhost-user"), Path("/usr/share/qemu/vhost-user"))
_OLD = ("bookworm", "bullseye")  # Debian releases without a package of the one in Rust


def survey(runner: Runner, host: Host) -> list[Prerequisite]:
    """Return every extra part with its route; none of them is required. Reads only."""
    found = [_task(runner, host), _nix(runner, host)]
    return [*found, _virtiofsd(runner, host)] if host.system == "Linux" else found


def find_task() -> Path | None:
    """Return Task (absolute): on PATH, or beside this Python as its package puts it there."""
    return find("task") or find(str(Path(sys.executable).with_name("task")))


def _task(runner: Runner, host: Host) -> Prerequisite:
    home = host.data / "task"
    commands = (
        (sys.executable, "-m", "venv", str(home)),
        (str(home / "bin" / "pip"), "install", "go-task-bin"),
        ("mkdir", "-p", str(Path.home() / ".local" / "bin")),
        ("ln", "-sfn", str(home / "bin" / "task"), str(Path.home() / ".local" / "bin" / "task")),
    )
    return _part(runner, "task", find_task(), "task lima:start", Route("Task, from its Python package", commands))


def _nix(runner: Runner, host: Host) -> Prerequisite:
    return _part(runner, "nix", find("nix"), "build.dev, build.minimal", _packaged(host, "nix", _NIX))


def _virtiofsd(runner: Runner, host: Host) -> Prerequisite:
    """Lima takes the first that tells a version, also QEMU's own in C, which then wants to be root."""
    path = next(filter(None, map(find, _backends(host))), None)
    told = runner.read((str(path), "--version")).out if path else ""
    rust = path if told.startswith("virtiofsd") and "QEMU" not in told else None
    need, route = "mountType: virtiofs", _packaged(host, "virtiofsd", _VIRTIOFSD)
    if path and not rust:
        need += f"; {path} is QEMU's own, which needs root"
    if rust is None and host.codename in _OLD:
        need += f"; {host.codename} has no package of it, Debian 13 has"
        route = None
    return _part(runner, "virtiofsd", rust, need, route)


def _backends(host: Host) -> Iterator[str]:
    """Yield the virtiofsds that Lima would try, in its order."""
    qemu = find(f"qemu-system-{host.arch}")
    prefix = [qemu.parents[1] / "share/qemu/vhost-user"] if qemu else []
    for place in (_BACKENDS[0].expanduser(), *prefix, _BACKENDS[1]):
        for file in sorted(place.glob("*.json")):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                backend = json.loads(file.read_text(encoding="utf-8"))
                if backend.get("type") == "fs":
                    yield str(backend.get("binary", ""))


def _packaged(host: Host, name: str, names: tuple[str, ...]) -> Route | None:
    column = MANAGERS.index(host.manager) if host.manager in MANAGERS else 0
    commands = packages(host, names[column].split())
    return Route(f"{name}, from the system's packages", commands) if commands else None


def _part(runner: Runner, name: str, path: Path | None, need: str, route: Route | None) -> Prerequisite:
    has = ".".join(map(str, version(runner.read((str(path), "--version")).out))) if path else ""
    return Prerequisite(name, path, has, path is not None, need, None if path else route, required=False)
