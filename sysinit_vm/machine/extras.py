"""What not every user needs: task for Taskfiles, nix for images from a flake, virtiofsd for that mount type."""

import sys
from pathlib import Path

from sysinit_vm.machine.host import MANAGERS, Host, Route, find, packages, version
from sysinit_vm.machine.parts import Prerequisite
from sysinit_vm.runner import Runner

_VIRTIOFSD = ("virtiofsd",) * 4
# By package manager. Debian's nix needs the users that build, which a package of their own makes.
_NIX = ("nix-bin nix-setup-systemd", "nix", "nix", "nix")
# Where Lima 2.2 looks for it (pkg/driver/qemu), beside PATH. It takes the one in Rust only.
_VIRTIOFSD_PLACES = ("virtiofsd", "/usr/libexec/virtiofsd", "/usr/lib/virtiofsd", "/usr/lib/qemu/virtiofsd")
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
    path = next(filter(None, map(find, _VIRTIOFSD_PLACES)), None)
    rust = path if path and runner.read((str(path), "--version")).out.startswith("virtiofsd") else None
    need, route = "mountType: virtiofs", _packaged(host, "virtiofsd", _VIRTIOFSD)
    if rust is None and host.codename in _OLD:
        need += f"; Debian has it from 13 on, {host.codename} only QEMU's own, which Lima refuses"
        route = None
    return _part(runner, "virtiofsd", rust, need, route)


def _packaged(host: Host, name: str, names: tuple[str, ...]) -> Route | None:
    column = MANAGERS.index(host.manager) if host.manager in MANAGERS else 0
    commands = packages(host, names[column].split())
    return Route(f"{name}, from the system's packages", commands) if commands else None


def _part(runner: Runner, name: str, path: Path | None, need: str, route: Route | None) -> Prerequisite:
    has = ".".join(map(str, version(runner.read((str(path), "--version")).out))) if path else ""
    return Prerequisite(name, path, has, path is not None, need, None if path else route, required=False)
