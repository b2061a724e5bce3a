"""When a long run is flat: the rule, and where it is broken.

The first cycles may add what is made once. From then on nothing may pass the most that was seen in them: no file, no
process. What varies by itself has an allowance: the memory and descriptors of running programs, and the size of files
whose numbers change their length. Logs and the VM's disk, where the guest keeps its own logs, have a bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

MADE_ONCE = 5  # cycles
MIB = 2**20
_ALLOWANCES = {  # by the beginning of a figure's name: how far above the most of the first cycles it may be
    "bytes, logs": (0.0, 2 * MIB),
    "bytes, disk": (0.0, 128 * MIB),  # the guest's journal stops at 64 MiB, and moves on its disk
    "bytes": (0.0, 64 * 1024),
    "memory": (0.25, 0),
    "descriptors": (0.1, 0),
}


@dataclass
class Cycle:
    """One start, exec and stop: its ``number`` from 1 on, ``seconds`` by verb, ``figures`` by name, or a ``problem``.

    Figures are numbers of files, processes and descriptors, and bytes of files and memory.
    """

    number: int
    seconds: dict[str, float] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=dict)
    problem: str = ""


def problems(cycles: Sequence[Cycle]) -> list[str]:
    """Return what is not flat in ``cycles``, one line for each figure, and which of them failed."""
    failed = [f"cycle {cycle.number}: {cycle.problem}" for cycle in cycles if cycle.problem]
    measured = [cycle for cycle in cycles if not cycle.problem]
    failed += [
        f"cycle {cycle.number}: {count} processes are left"
        for cycle in measured
        if (count := cycle.figures["processes, left"])
    ]
    first, later = measured[:MADE_ONCE], measured[MADE_ONCE:]
    names = dict.fromkeys(name for cycle in measured for name in cycle.figures)
    for name in names:
        bound = _bound(name, max(cycle.figures.get(name, 0) for cycle in first))
        above = next((cycle for cycle in later if cycle.figures.get(name, 0) > bound), None)
        if above:
            failed.append(f"{name}: {above.figures[name]} in cycle {above.number}, at most {bound} is flat")
    return failed


def _bound(name: str, most: int) -> int:
    share, more = next((value for start, value in _ALLOWANCES.items() if name.startswith(start)), (0.0, 0))
    return int(most * (1 + share) + more)
