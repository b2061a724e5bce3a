"""Looking: status list logs."""

import time

from invoke.context import Context

from sysinit_vm.drift import compare
from sysinit_vm.drift.plan import NONE
from sysinit_vm.errors import UsageError
from sysinit_vm.inventory import listing
from sysinit_vm.lima import logs
from sysinit_vm.projects import locate, owners
from sysinit_vm.tasks.context import lima, print_json
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say, table


@verb(group="Look", aliases=["st"], examples=["sysinit-vm status", "sysinit-vm st --json"], exits=[3, 6])
def status(c: Context, json: bool = False, project: str | None = None, name: str | None = None) -> None:
    """Show the project's VM.

    One that does not exist yet is `not created`, which is no error.
    """
    target = locate.target(project, name)
    vms = lima(c)
    found = locate.locate(vms, target)
    if found.foreign:
        say(f"A VM {found.name} exists, but it belongs to {owners.owner(found.foreign)}.")
    left = None if found.instance else locate.left_behind(vms, target)
    if left:
        say(f"{owners.question(left, target.required)} Take it over: sysinit-vm adopt")
    drift = compare.summary(vms, found.instance, compare.gather()) if found.instance else None
    if not json and drift not in {None, NONE, compare.UNKNOWN}:
        say(f"The config has changed since the VM was made, and needs: {drift}. See: sysinit-vm plan")
    record = {**listing.of_project(found, target.project), "drift": drift}
    if json:
        print_json({"vm": record})
    else:
        table(listing.COLUMNS, [listing.row(record)])


@verb("list", group="Look", aliases=["ls"], examples=["sysinit-vm list", "sysinit-vm ls --json"], exits=[6])
def list_(c: Context, json: bool = False) -> None:
    """Show every project's VM, and what it takes.

    On this machine, in whatever directory: age, memory and disk in use, ports, drift, and its project.
    """
    vms, machine = lima(c), compare.gather()
    records = listing.of_machine(vms, time.time(), lambda each: compare.summary(vms, each, machine))
    if json:
        print_json({"vms": records})
    elif records:
        rows = [listing.machine_row(record) for record in records]
        table(listing.MACHINE_COLUMNS, rows, folding=("PORTS", "PROJECT"))
    else:
        say("No project has a VM on this machine yet. Make one: sysinit-vm init, then sysinit-vm start")


@verb(
    "logs",
    group="Look",
    word="source",
    examples=["sysinit-vm logs", "sysinit-vm logs console --lines 20"],
    exits=[3, 4, 6],
    source="host, console or provision; default: all three.",
    follow="Go on with new lines until Ctrl-C; needs --source host or console, default console.",
    lines="How many of the last lines of each source; default 50, 0 for all.",
)
def logs_(
    c: Context,
    source: str | None = None,
    follow: bool = False,
    lines: str = "50",
    project: str | None = None,
    name: str | None = None,
) -> None:
    """Show the host agent, console and provision logs.

    Also of a start that failed.
    """
    target = locate.target(project, name)
    sources, count = logs.checked(source), _count(lines)
    vms = lima(c)
    instance = locate.existing(vms, target)
    for each in sources if not follow or source else ("console",):
        shown = logs.lines(vms, instance, each)
        say(f"== {each} ==")
        print("\n".join(shown[-count:] if count else shown), flush=True)
    if follow:
        for line in logs.follow(instance, source or "console"):
            print(line, flush=True)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"--lines takes a whole number, not {text!r}.", hint="sysinit-vm logs --lines 50")
    return int(text)
