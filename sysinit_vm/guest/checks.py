"""What a booted guest says of itself: whether one can work in it, how it is, and what it has."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.errors import VmError
from sysinit_vm.guest import scripts
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.projects.project import Project

_CHECK_SECONDS = 120
_WHICH = 'for each; do if command -v "$each" >/dev/null 2>&1; then echo "$each"; fi; done'
_IDENTIFY_AND_CHECK = 'bash -c "$1" bash /etc/sysinit-vm "$2"; exec bash -c "$3" bash "$4"'


@dataclass(frozen=True)
class Report:
    """What the guest itself says of its readiness."""

    mounted: bool
    mount_problem: str
    session_tool: bool
    failed_scripts: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """What a guest has: ``memory`` in bytes as its kernel tells, ``names`` of each directory that was asked for."""

    cpus: int
    memory: int
    env: Mapping[str, str]
    names: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Vitals:
    """How a guest is: ``time`` in seconds since the epoch by its own clock; its root disk's use in percent."""

    time: int
    disk_percent: int
    inode_percent: int


def check(lima: Limactl, name: str, project: Project, *, gitconfig: str | None = None) -> Report:
    """Ask a booted guest whether the user can work in it.

    The mount is proven by a round trip: a file written here is read there, and its answer is read here.
    ``gitconfig`` becomes the guest's git identity on the way (see ``identity``), None leaves it as it is.
    VmError where the guest does not answer within two minutes.
    """
    token = os.urandom(8).hex()
    path = project.config.parent / f".mounted-{token}"
    problem = _write_token(path, token)
    words: tuple[str, ...] = ("bash", "-c", scripts.read("check.sh"), "bash", str(path))
    if gitconfig is not None:
        identify = scripts.read("identity.sh")
        words = ("bash", "-c", _IDENTIFY_AND_CHECK, "bash", identify, gitconfig, words[2], words[4])
    done = lima.run(name, words, timeout=_CHECK_SECONDS)
    answer = _read_and_remove(path)
    if not done.ok:
        raise VmError(f"The guest of {name} does not answer.", detail=done.err or done.out, hint="sysinit-vm logs")
    said = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
    mounted = answer == f"{token} seen"
    failed = tuple(line.removeprefix("failed=") for line in done.out.splitlines() if line.startswith("failed="))
    return Report(mounted, problem or said.get("mount", ""), said.get("zellij") == "yes", failed)


def _write_token(path: Path, token: str) -> str:
    try:
        path.write_text(token)
    except OSError as error:
        return f"{path} cannot be written on the host: {error.strerror}."
    return ""


def _read_and_remove(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
    finally:
        path.unlink(missing_ok=True)


def vitals(lima: Limactl, name: str) -> Vitals:
    """Ask a booted guest for its clock and the room on its disk; VmError where it does not answer."""
    done = lima.run(name, ("sh", "-c", scripts.read("vitals.sh")), timeout=_CHECK_SECONDS)
    said = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
    try:
        return Vitals(*(int(said[key].rstrip("%")) for key in ("time", "disk", "inodes")))
    except (KeyError, ValueError) as error:
        raise VmError(
            f"The guest of {name} does not answer.", detail=done.err or done.out, hint="sysinit-vm logs"
        ) from error


def sees(lima: Limactl, name: str, variables: Sequence[str], places: Sequence[str], most: int) -> Seen:
    """Ask a login of the guest what it has: CPUs, memory, ``variables``, and ``most`` names in each of ``places``.

    ``places`` are absolute. VmError where it does not answer.
    """
    script = ("bash", "-c", scripts.read("sees.sh"), "bash", str(most), str(len(variables)), *variables, *places)
    done = lima.run(name, script, timeout=_CHECK_SECONDS)
    said = [line.partition("=") for line in done.out.split("\n")]
    first = {key: value for key, _, value in said}
    env = dict(value.split("=", 1) for key, _, value in said if key == "env")
    held = [value.rstrip("\0").split("\0") for key, _, value in said if key == "place"]
    try:
        cpus, memory = int(first["cpus"]), int(first["memory"]) * 1024
    except (KeyError, ValueError) as error:
        raise VmError(
            f"The guest of {name} does not answer.", detail=done.err or done.out, hint="sysinit-vm logs"
        ) from error
    return Seen(cpus, memory, env, {place: tuple(names) for place, *names in held})


def programs(lima: Limactl, name: str, wanted: Sequence[str]) -> set[str]:
    """Return those of the programs ``wanted`` that a login of the guest finds; VmError where it does not answer."""
    done = lima.run(name, ("sh", "-c", _WHICH, "sh", *wanted), timeout=_CHECK_SECONDS)
    if not done.ok:
        raise VmError(f"The guest of {name} does not answer.", detail=done.err or done.out, hint="sysinit-vm logs")
    return set(done.out.split()) & set(wanted)


def set_clock(lima: Limactl, name: str) -> None:
    """Set the guest's clock to this machine's, which a host that slept leaves behind; VmError where it refuses."""
    done = lima.run(name, ("sudo", "date", "--set", f"@{time.time():.0f}"), timeout=_CHECK_SECONDS)
    if not done.ok:
        raise VmError(f"The clock of {name} cannot be set.", detail=done.err or done.out, hint="sysinit-vm restart")
