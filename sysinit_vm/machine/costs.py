"""What a route takes on this machine: by its cores, and only what is left of a setup that was interrupted.

Measured on two cores: Lima's build, and Zellij's, which took 35 minutes while both were busy with other work too.
"""

import math
from dataclasses import replace
from pathlib import Path

from sysinit_vm.machine.host import Host
from sysinit_vm.machine.package_manager import Cost

_LIMA, _GO_DOWNLOAD = Cost((1, 5), download=90, work=900, stays=55), 60
_ZELLIJ = Cost((15, 40), download=350, work=2500, stays=40)
_CRATES_DOWNLOAD, _TARGET = 60, 1300  # Zellij's crates, and what they become: without the root with the compilers
_ROOT_SHARE = 0.1  # of the time that Zellij takes
_LAST_SHARE = 0.2  # of the time of a compilation: the largest packages come last
_SERIAL = 0.2  # of a compilation, which more cores do not make shorter
_MEASURED_CORES = 2
_UNPACKED = 3  # about how many times longer than an archive is what comes out of it


def archive(length: int, part: Path) -> tuple[Cost, str]:
    """Return what an archive of ``length`` bytes costs, of which ``part`` (absolute) has the beginning, and that."""
    there = min(part.stat().st_size, length) if part.is_file() else 0
    whole, left = math.ceil(length / 1e6), math.ceil((length - there) / 1e6)
    cost = Cost((0, 2), download=left, work=left, stays=_UNPACKED * whole)
    return cost, f"{there / 1e6:.0f} of {whole} MB are here" if there else ""


def lima(host: Host, *, own_go: bool) -> tuple[Cost, str]:
    """Return what compiling Lima costs, and what is there of it; ``own_go`` says that a Go is downloaded for it."""
    home = host.cache / "go"
    has_go = own_go and (home / "venv" / "bin" / "go").exists()
    go = _GO_DOWNLOAD if own_go and not has_go else 0
    cost = _on(host, replace(_LIMA, download=_LIMA.download + go))
    if not any((home / "build").glob("??/*")):  # nothing compiled, so perhaps not all modules are there
        return cost, "Go is here" if has_go else ""
    return replace(
        cost, minutes=(0, cost.minutes[1]), download=go
    ), "the modules are here, and part of what they become"


def zellij(host: Host) -> tuple[Cost, str]:
    """Return what compiling Zellij costs, and what is there of it."""
    work, cost = host.cache / "zellij", _on(host, _ZELLIJ)
    if not (work / "root").is_dir():
        return cost, ""
    crates = {path.name.rpartition("-")[0] for path in work.glob("made/cargo/registry/cache/*/*.crate")}
    begun = {path.name.rpartition("-")[0] for path in work.glob("made/target/release/.fingerprint/*")}
    compiled = len(begun & crates)
    if not compiled:
        minutes = _times(cost.minutes, 1 - _ROOT_SHARE, 1 - _ROOT_SHARE)
        left = replace(cost, minutes=minutes, download=_CRATES_DOWNLOAD, work=_TARGET)
        return left, "the Debian root with the compilers is here"
    share = (1 - compiled / len(crates)) * (1 - _ROOT_SHARE)
    minutes = _times(cost.minutes, share, min(1, share + _LAST_SHARE))
    left = replace(cost, minutes=minutes, download=0, work=math.ceil(_TARGET * share))
    return left, f"about {compiled} of {len(crates)} crates are compiled"


def _on(host: Host, cost: Cost) -> Cost:
    """Return the ``cost`` of a compilation on the cores of ``host``."""
    factor = _SERIAL + (1 - _SERIAL) * _MEASURED_CORES / host.cores
    return replace(cost, minutes=_times(cost.minutes, factor, factor))


def _times(minutes: tuple[int, int], least: float, most: float) -> tuple[int, int]:
    return math.ceil(round(minutes[0] * least, 3)), math.ceil(round(minutes[1] * most, 3))
