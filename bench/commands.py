"""What our commands cost compared with limactl, an empty Python and the original script, measured in turns."""

import contextlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import machine, original_script, places, turns
from bench.rows import COUNTS, How, Row, instances, shown
from bench.runs import Run
from bench.turns import Spread
from sysinit_vm.terminal.console import say, show, table

_NEEDS = {"script": "the original script: --seed-script FILE", "task": "Task: sysinit-vm setup"}


@dataclass(frozen=True)
class Report:
    """The seconds of each command by the key that ``_key`` gives it in a row; ``left_out`` says which rows, and why."""

    rows: Sequence[Row]
    took: Mapping[str, Sequence[float]]
    left_out: Sequence[str] = field(default_factory=tuple)

    def compared(self) -> list["Compared"]:
        """Return the rows of which each command was measured."""
        measured = [row for row in self.rows if all(self.took[_key(row, line)] for line in row.lines)]
        return [Compared(row, *(turns.spread(self.took[_key(row, line)]) for line in row.lines)) for row in measured]


class Compared:
    """A measured row: how long ``ours`` took, and its ``peers`` (in the row's order)."""

    def __init__(self, row: Row, ours: Spread, *peers: Spread) -> None:
        self.row, self.ours, self.peers = row, ours, peers

    @property
    def together(self) -> float:
        """The medians of the peers, added up, in seconds."""
        return sum(peer.median for peer in self.peers)

    @property
    def ratio(self) -> float:
        """Our median divided by those of the peers together."""
        return self.ours.median / self.together

    @property
    def met(self) -> bool | None:
        """Whether the row's target is met, None if it has none."""
        return self.row.target.met(self.ours.median, self.together) if self.row.target else None


def run(wanted: Sequence[Row], rounds: int, *, script: Path | None, vm: str) -> Report:
    """Measure the ``wanted`` rows ``rounds`` times; boots a VM if one is needed and ``vm`` names none that runs.

    ``script`` is a file with the original script, None to leave out what needs it. Ctrl-C ends it with the
    measurements so far. VmError if a command fails.
    """
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(machine.scratch())
        places.put_limactl(directory)
        if script:
            text, script = original_script.text(script), directory / "original"
            script.write_text(text, encoding="utf-8")
        programs = places.programs(script)
        reasons = {row.name: why for row in wanted if (why := _missing(row, set(programs), vm))}
        kept = [row for row in wanted if row.name not in reasons]
        names = dict.fromkeys(row.place for row in kept)
        opened = {name: stack.enter_context(places.opened(name, vm)) for name in names}
        ways, limits = dict[str, turns.Way](), dict[str, int]()
        for row in kept:
            place = opened[row.place]
            for line in row.lines:
                argv, env = place.argv(line, programs), place.env(directory)
                ways[_key(row, line)] = Run(argv, place.root, env, place.vm, row.how).seconds
                if row.rounds:
                    limits[_key(row, line)] = row.rounds
        took = turns.measure(ways, rounds, say, at_most=limits)
    return Report(kept, took, [f"{name}: {why}" for name, why in reasons.items()])


def _missing(row: Row, programs: set[str], vm: str) -> str:
    """Return why ``row`` cannot be measured with these ``programs``, empty if it can."""
    if row.how is How.FROM_STOPPED and vm:
        return f"it stops the VM, which {vm} is not to be"
    lacking = sorted({line.split()[0] for line in row.lines} - programs)
    return "; ".join(f"it needs {_NEEDS.get(word, word)}" for word in lacking)


def _key(row: Row, line: str) -> str:
    """A command is measured once for all rows that have it at the same place."""
    return f"{row.place}: {line}" + ("" if row.how is How.PLAIN else f" ({row.how.name.lower()})")


def print_report(report: Report) -> None:
    """Print each row with its peers, its target, and whether it is met; in milliseconds."""
    lines = []
    for compared in report.compared():
        row, target = compared.row, compared.row.target
        verdict = "" if compared.met is None else "met" if compared.met else "NOT MET"
        lines.append([row.name, row.ours, *_cells(compared.ours), f"{compared.ratio:.2f}", str(target or ""), verdict])
        lines += [
            ["", shown(line), *_cells(peer), "", "", ""] for line, peer in zip(row.peers, compared.peers, strict=True)
        ]
    table(["ROW", "COMMAND", "MEDIAN ms", "MIDDLE HALF", "RATIO", "TARGET", ""], lines)
    for word in (*_growth(report), *(f"Left out: {word}" for word in report.left_out)):
        show(word)


def _cells(spread: Spread) -> tuple[str, str]:
    return f"{spread.median * 1000:.0f}", f"{spread.first * 1000:.0f}-{spread.third * 1000:.0f}"


def _growth(report: Report) -> list[str]:
    """How much one more instance costs `list`, where there are few and many: the same if that is linear."""
    medians = {compared.row.place: compared.ours.median for compared in report.compared()}
    counts = [count for count in COUNTS if instances(count) in medians]
    words = []
    for few, many in itertools.pairwise(counts):
        cost = (medians[instances(many)] - medians[instances(few)]) / (many - few)
        words.append(f"list, from {few} to {many} instances: {cost * 1000:.1f} ms for each")
    return words


def as_data(report: Report) -> dict[str, Any]:
    """Return the report as JSON's values; all times in seconds."""
    return {
        "rows": [
            {
                "row": compared.row.name,
                "command": compared.row.ours,
                **_as_data(compared.ours, report.took[_key(compared.row, compared.row.ours)]),
                "peers": [
                    {"command": line, **_as_data(peer, report.took[_key(compared.row, line)])}
                    for line, peer in zip(compared.row.peers, compared.peers, strict=True)
                ],
                "ratio": compared.ratio,
                "target": str(compared.row.target) if compared.row.target else None,
                "met": compared.met,
            }
            for compared in report.compared()
        ],
        "left_out": list(report.left_out),
    }


def _as_data(spread: Spread, took: Sequence[float]) -> dict[str, Any]:
    return {"median": spread.median, "quartiles": [spread.first, spread.third], "seconds": list(took)}
