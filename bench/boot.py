"""How long a start takes: our image against one with cloud-init, turn by turn in one run."""

import contextlib
import os
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from bench import comparison, floor, machine
from bench.machine import Machine, Took
from sysinit_vm import settings
from sysinit_vm.errors import MissingError
from sysinit_vm.images import debian
from sysinit_vm.machine import find_programs
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.console import say, table
from sysinit_vm.terminal.progress import Progress

OURS, THEIRS = "ours", "cloud-init"
TARGETS = {"first": 0.45, "later": 0.55}
Measured = dict[tuple[str, str], list[Took]]


@dataclass
class Report:
    """All starts by (image, first or later), and the stages of the last one of each."""

    took: Measured = field(default_factory=dict)
    floors: dict[tuple[str, str], tuple[list[floor.Stage], list[str]]] = field(default_factory=dict)


def run(rounds: int) -> Report:
    """Start each image ``rounds`` times for the first time and again, in turns; a round takes minutes.

    Ctrl-C ends it with the measurements so far.
    """
    disks, report = images(), Report()
    with contextlib.suppress(KeyboardInterrupt), machine.home() as lima_home:
        share = lima_home / "share"
        share.mkdir()
        env = machine.acceleration(disks[OURS].with_suffix(".vmlinuz"))
        for number in range(rounds):
            for image in (OURS, THEIRS) if number % 2 == 0 else (THEIRS, OURS):
                vm = Machine(machine.limactl(), image, machine.config(disks[image], share), env)
                for kind, took in _starts(vm, report):
                    report.took.setdefault((image, kind), []).append(took)
                    what = f"round {number + 1}/{rounds}  {image:10}  {kind} start"
                    busy = f"load {os.getloadavg()[0]:.1f}"
                    say(f"{what}  {took.seconds:6.1f} s  (QEMU used {took.cpu:.1f} s; {busy})")
    return report


def images(*, theirs: bool = True) -> Mapping[str, Path]:
    """Return the disks, built if they are missing or not made from today's ingredients."""
    cache, mirror = platformdirs.user_cache_path("sysinit-vm"), settings.value("mirror")
    packages = settings.value("packages")
    zellij = find_programs.find_zellij()
    if zellij is None:
        raise MissingError("Zellij for the guest was not found.", hint="sysinit-vm setup")
    kept = cache / "images"
    kept.mkdir(parents=True, exist_ok=True)
    with Progress("The images") as progress:
        ours = debian.current(kept, zellij, packages) or debian.build(
            Runner(), kept, zellij=zellij, mirror=mirror, packages=packages, progress=progress
        )
        if not theirs:
            return {OURS: ours}
        return {OURS: ours, THEIRS: comparison.image(Runner(), cache / "bench", mirror=mirror, progress=progress)}


def _starts(vm: Machine, report: Report) -> Iterator[tuple[str, Took]]:
    for kind, start in (("first", vm.create), ("later", vm.start)):
        took = start()
        yield kind, took
        report.floors[vm.name, kind] = floor.stages(vm, took)
        vm.stop()
    vm.delete()


def ratio(took: Measured, kind: str, of: str = "seconds") -> float:
    """Return our median divided by the other's; ``of`` is ``seconds`` or ``cpu``."""
    return _median(took[OURS, kind], of) / _median(took[THEIRS, kind], of)


def _median(took: list[Took], of: str) -> float:
    return float(statistics.median(getattr(start, of) for start in took))


def show(report: Report) -> None:
    """Print every time, the medians, the ratios and their targets, and the stages of the last starts."""
    rows = [
        [
            f"{image}, {kind} start",
            " ".join(f"{start.seconds:.1f}" for start in took),
            f"{_median(took, 'seconds'):.1f}",
            f"{_median(took, 'cpu'):.1f}",
        ]
        for (image, kind), took in sorted(report.took.items())
    ]
    table(["", "seconds to READY", "median", "QEMU's processor time, median"], rows)
    for kind, target in TARGETS.items():
        if not {(OURS, kind), (THEIRS, kind)} <= report.took.keys():
            continue
        print(f"{kind} start: {ratio(report.took, kind):.2f} (target: at most {target}), "
              f"by processor time {ratio(report.took, kind, 'cpu'):.2f}")  # fmt: skip
    for (image, kind), (parts, remarks) in sorted(report.floors.items()):
        print(f"\n{image}, {kind} start:")
        table(
            ["stage", "seconds", "QEMU's processor time"],
            [[text, f"{seconds:.1f}", f"{cpu:.1f}"] for text, seconds, cpu in parts],
        )
        print("\n".join(f"  {remark}" for remark in remarks))
