"""The task `test.faults`."""

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task


@task(
    auto_shortflags=False,
    iterable=["row"],
    help={"row": "Only this row; may be repeated.", "list": "List the rows and run none."},
)
def faults(_: Context, row: list[str], list: bool = False) -> None:  # noqa: A002
    """Inject each fault of the fault table into a real command on a real instance, and print what was left."""
    from sysinit_vm.terminal.console import table as printed
    from tests.faults import table

    rows = table.chosen(row)
    if list:
        cells = [(each.name, "a guest" if each.guest else "", each.fault) for each in rows]
        printed(("ROW", "NEEDS", "FAULT"), cells, folding=("FAULT",))
        return
    reports = table.run(rows)
    table.show(reports)
    if len(reports) < len(rows) or any(report.problem for report in reports):
        raise Exit(code=1)
