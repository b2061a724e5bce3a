"""What a command of `setup` does, in words, and how far it is, read off what it prints.

Nothing is counted from the start again when a command goes on after Ctrl-C: cargo counts what is already compiled, Go
says beforehand which packages it has, and apt names what it has already downloaded.
"""

import re
from collections.abc import Callable
from pathlib import Path

from sysinit_vm.machine.package_manager import Command

_INSTANT = ("rm", "mkdir", "mv", "cp", "chmod", "ln")  # no stages of their own
_MEGABYTES = {"B": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}  # apt's units
_SIZE = r"([\d.,]+) ([kMG]?B)"
_BAR = re.compile(r"^\s*(Building|Downloading) ")
# How a command's label begins, what it does, and its usual share (percent) of the time that its route takes, as
# measured on two cores; 0 if that depends on the mirror.
_STAGES = (
    ("apt-get update", "reading the mirror's package lists", 0),
    ("apt-get install", "installing packages", 0),
    ("pip install", "downloading by hash from PyPI", 0),
    ("go list", "downloading Lima's modules", 10),
    ("go build github.com/lima-vm/lima/v2/cmd/limactl", "compiling limactl", 70),
    ("go build github.com/lima-vm/lima/v2/cmd/lima-guestagent", "compiling the guest agent", 20),
    ("mmdebstrap", "making a Debian root with compilers", 7),
    ("tar", "unpacking the root", 1),
    ("bwrap cargo fetch", "downloading Zellij's crates", 2),
    ("bwrap cargo install", "compiling Zellij", 90),
)


def label(command: Command) -> str:
    """Return a command in brief, such as ``apt-get install git``: without sudo, variables, flags and paths."""
    plain = [word for word in command if word not in {"sudo", "env"} and " " not in word]
    words = [word for word in plain if "=" not in word or "==" in word]
    return " ".join([Path(words[0]).name, *[word for word in words[1:] if word[0] not in "-/"][:3]])


def stage(command: Command) -> str:
    """Return the stage that a command is, with its usual share of the time; empty if it takes no time."""
    if command[0] in _INSTANT:
        return ""
    brief = label(command)
    title, share = next(((title, share) for start, title, share in _STAGES if brief.startswith(start)), (brief, 0))
    return f"{title} (usually {share}% of the time)" if share else title


def is_bar(line: str) -> bool:
    """Whether a line is one of cargo's progress, which says nothing about a failure."""
    return _BAR.match(line) is not None


class RouteProgress:
    """How far the commands of one route are. Go's are read together: one counts the packages that others compile."""

    def __init__(self) -> None:
        self._go = _Go()

    def reader(self, command: Command) -> Callable[[str], str]:
        """Return what reads a command's output line by line and returns how far it is; empty if a line says nothing."""
        readers = {
            "apt-get install": _Apt().read,
            "pip install": _read_pip,
            "go list": self._go.read_list,
            "go build": self._go.read_build,
            "mmdebstrap": _read_mmdebstrap,
            "bwrap cargo fetch": _read_cargo_fetch,
            "bwrap cargo install": _read_cargo_install,
        }
        brief = label(command)
        return next((read for start, read in readers.items() if brief.startswith(start)), _read_nothing)


class _Apt:
    """apt-get in the locale C."""

    def __init__(self) -> None:
        self._done, self._total = 0.0, 0.0  # MB
        self._set_up, self._packages = 0, 0

    def read(self, line: str) -> str:
        if match := re.match(rf"Need to get {_SIZE}(?:/{_SIZE})? of archives", line):
            missing = _megabytes(match[1], match[2])
            self._total = _megabytes(match[3], match[4]) if match[3] else missing
            self._done = self._total - missing
        elif match := re.match(r"(\d+) upgraded, (\d+) newly installed", line):
            self._packages = int(match[1]) + int(match[2])
        elif match := re.match(rf"Get:\d+ .*\[{_SIZE}\]", line):
            self._done += _megabytes(match[1], match[2])
            return f"{min(self._done, self._total):.0f} of {self._total:.0f} MB"
        elif line.startswith("Setting up ") and self._packages:
            self._set_up += 1
            return f"{min(self._set_up, self._packages)} of {self._packages} packages set up"
        return ""


def _megabytes(number: str, unit: str) -> float:
    return float(number.replace(",", "")) * _MEGABYTES[unit]


class _Go:
    """Go's packages: those of the build cache are listed as fresh, and ``build -v`` names those that it compiles."""

    def __init__(self) -> None:
        self._compiled, self._packages = 0, 0

    def read_list(self, line: str) -> str:
        if line.startswith("go: downloading "):
            return line.removeprefix("go: downloading ")
        freshness, _, package = line.partition(" ")
        if package and freshness in {"fresh", "stale"}:
            self._packages += 1
            self._compiled += freshness == "fresh"
        return ""

    def read_build(self, line: str) -> str:
        if not self._packages or not line or " " in line:  # a message; a package's path has no space
            return ""
        self._compiled = min(self._compiled + 1, self._packages)
        links = ": linking" if self._compiled == self._packages else ""  # as long as many packages, without a word
        return f"{self._compiled} of {self._packages} packages{links}"


def _read_pip(line: str) -> str:
    match = re.match(r"\s*Downloading (\S+) \((.+)\)$", line)
    return f"{match[1].rpartition('/')[2].split('-')[0]}, {match[2]}" if match else ""


def _read_mmdebstrap(line: str) -> str:
    return line.removeprefix("I: ").rstrip(".") if line.startswith("I: ") else ""


def _read_cargo_fetch(line: str) -> str:
    match = re.match(r"\s*Downloading (\d+ crates?)\b(?:, remaining bytes: (\S+))?", line)
    return f"{match[1]} to go{f', {match[2]} of them on the way' if match[2] else ''}" if match else ""


def _read_cargo_install(line: str) -> str:
    match = re.match(r"\s*Building \[[=> ]*\] (\d+)/(\d+): ([\w-]+)", line)
    return f"{match[1]} of {match[2]} steps: {match[3]}" if match else ""


def _read_nothing(_line: str) -> str:
    return ""
