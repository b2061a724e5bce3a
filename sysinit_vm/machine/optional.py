"""What not every user needs: task for Taskfiles, nix for images from a flake, virtiofsd for its mount type."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.errors import MissingError
from sysinit_vm.executables import dotted, find
from sysinit_vm.machine import find_programs, locks, package_manager
from sysinit_vm.machine.host import Host
from sysinit_vm.machine.package_manager import Route
from sysinit_vm.machine.prerequisites import Prerequisite
from sysinit_vm.runner import Runner

_VIRTIOFSD = ("virtiofsd",) * 5
# By package manager. Debian's nix needs build users, which a separate package creates.
_NIX = ("nix-bin nix-setup-systemd", "nix", "nix", "nix", "")
# Where Lima 2.2 looks for files that name a virtiofsd (FindVirtiofsd of pkg/driver/qemu), besides QEMU's own prefix.
_BACKENDS = (Path("~/.local/share/qemu/vhost-user"), Path("/usr/share/qemu/vhost-user"))
_WITHOUT_RUST_ONE = ("bookworm", "bullseye")  # Debian releases that do not package the virtiofsd written in Rust


def survey(runner: Runner, host: Host) -> list[Prerequisite]:
    """Return every optional part with its route. Reads only."""
    parts = [_task(runner, host), _nix(runner, host)]
    return [*parts, _virtiofsd(runner, host)] if host.system == "Linux" else parts


def find_task(runner: Runner, host: Host) -> Path | None:
    """Return Task (absolute): on PATH, where ``setup`` puts it, or beside this Python, where its package puts it.

    Some systems call it go-task. Another program is called task too: Taskwarrior, a to-do list.
    """
    beside = Path(sys.executable).with_name("task")
    paths = filter(None, map(find, ("task", "go-task", str(_link()), str(_own_task(host)), str(beside))))
    return next((path for path in dict.fromkeys(paths) if _runs_taskfiles(runner, path)), None)


def _runs_taskfiles(runner: Runner, task: Path) -> bool:
    """Whether its help speaks of Taskfiles; TASKRC keeps Taskwarrior from asking whether to write its own file."""
    with contextlib.suppress(OSError, MissingError):
        done = runner.read((str(task), "--help"), env={"TASKRC": os.devnull}, timeout=10)
        return "--taskfile" in done.out + done.err
    return False


def _link() -> Path:
    return Path.home() / ".local" / "bin" / "task"


def _own_task(host: Host) -> Path:
    return host.data / "task" / "bin" / "task"


def _task(runner: Runner, host: Host) -> Prerequisite:
    """The link is made only if nothing else is in its place."""
    need = "task lima:start"
    if host.manager == "brew":
        return _part(
            runner,
            "task",
            find_task(runner, host),
            need,
            Route("Task from Homebrew", package_manager.install_commands(host, ["go-task"])),
        )
    link, own = _link(), _own_task(host)
    commands = (
        (sys.executable, "-I", "-m", "venv", str(own.parents[1])),
        locks.pip_install(own.with_name("pip"), "task"),
        *(() if os.path.lexists(link) else (("mkdir", "-p", str(link.parent)), ("ln", "-s", str(own), str(link)))),
    )
    return _part(runner, "task", find_task(runner, host), need, Route("Task, from its Python package", commands))


def _nix(runner: Runner, host: Host) -> Prerequisite:
    return _packaged(runner, host, "nix", find("nix"), "build.dev, build.minimal", _NIX)


def _virtiofsd(runner: Runner, host: Host) -> Prerequisite:
    """Lima takes the first that prints a version, even QEMU's own in C, which then needs root."""
    path = next(filter(None, map(find, _backends(host))), None)
    output = find_programs.version_output(runner, path) if path else ""
    rust = path if output.startswith("virtiofsd") and "QEMU" not in output else None
    need, names = "mountType: virtiofs", _VIRTIOFSD
    if path and not rust:
        need += "; QEMU's own needs root"
    if rust is None and host.codename in _WITHOUT_RUST_ONE:
        need += "; Debian has it from 13 on"
        names = ("",) * 5
    return _packaged(runner, host, "virtiofsd", rust, need, names)


def _backends(host: Host) -> Iterator[str]:
    """Yield the virtiofsds that Lima would try, in its order."""
    qemu = find(f"qemu-system-{host.arch}")
    prefix = [qemu.parents[1] / "share/qemu/vhost-user"] if qemu else []
    for directory in (_BACKENDS[0].expanduser(), *prefix, _BACKENDS[1]):
        for file in sorted(directory.glob("*.json")):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                backend = json.loads(files.read_or_empty(file))
                if backend.get("type") == "fs":
                    yield str(backend.get("binary", ""))


def _packaged(
    runner: Runner, host: Host, name: str, path: Path | None, need: str, names: tuple[str, ...]
) -> Prerequisite:
    package = package_manager.package_name(host, names)
    commands = package_manager.install_commands(host, package.split())
    route = Route(f"{name}, from the system's packages", commands) if commands else None
    return replace(_part(runner, name, path, need, route), package=package)


def _part(runner: Runner, name: str, path: Path | None, need: str, route: Route | None) -> Prerequisite:
    version = dotted(find_programs.program_version(runner, path)) if path else ""
    return Prerequisite(name, path, version, path is not None, need, None if path else route, required=False)
