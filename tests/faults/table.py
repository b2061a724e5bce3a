"""Run rows of the fault table, and print it."""

import contextlib
from collections.abc import Iterable, Iterator

from sysinit_vm.errors import UsageError
from sysinit_vm.terminal.console import say, table
from tests.faults import places
from tests.faults.case import Place
from tests.faults.registry import ROWS, Report, Row, perform
from tests.faults.rows import disks, guests, limactls, ours, processes, races, records  # noqa: F401  # they register


def chosen(names: Iterable[str]) -> list[Row]:
    """Return the rows of these names, all if there is none; UsageError if there is no such row."""
    for name in (wanted := list(names)):
        if name not in ROWS:
            raise UsageError(f"There is no row {name}.", hint="inv test.faults --list")
    rows = [ROWS[name] for name in wanted] or list(ROWS.values())
    return sorted(rows, key=lambda row: row.guest)


def run(rows: list[Row]) -> list[Report]:
    """Run ``rows`` one by one, showing which; Ctrl-C ends it with the reports so far. A transcript of what fails."""
    reports = list[Report]()
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as open_places:
        made: dict[bool, Place] = {}
        for number, row in enumerate(rows, start=1):
            if row.guest not in made:
                made[row.guest] = open_places.enter_context(_place(guest=row.guest))
            report = perform(row, made[row.guest])
            reports.append(report)
            how = report.problem or "ok"
            say(f"{number}/{len(rows)}  {row.name}  {report.seconds:.1f} s  {how}")
            if report.problem:
                say(report.transcript)
    return reports


@contextlib.contextmanager
def _place(*, guest: bool) -> Iterator[Place]:
    if not guest:
        with places.blank_place() as place:
            yield place
        return
    from tests.lima.conftest import session_world

    with session_world() as world:
        project = world.project("faults")
        say("  Booting the VM that the rows with a guest share")
        world.ok(project, "init", "minimal")
        world.ok(project, "start", timeout=1800)
        with places.guest_place(world, project) as place:
            yield place


def show(reports: list[Report]) -> None:
    """Print the table and its total."""
    columns = ("FAULT", "COMMAND", "OUTCOME", "WHAT SURVIVED")
    rows = [(each.row.fault, each.row.command, each.problem or each.outcome, each.survived) for each in reports]
    table(columns, [(*cells[:2], f"{'FAILED: ' if report.problem else ''}{cells[2]}", cells[3])
                    for cells, report in zip(rows, reports, strict=True)])  # fmt: skip
    green = sum(not report.problem for report in reports)
    say(f"{green} of {len(reports)} rows are green.")
