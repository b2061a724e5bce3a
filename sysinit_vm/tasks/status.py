"""status: show the VM of a project."""

from invoke.context import Context

from sysinit_vm import hints
from sysinit_vm.drift import compare
from sysinit_vm.drift.plan import NONE
from sysinit_vm.inventory import listing
from sysinit_vm.machine import compile_state, facts
from sysinit_vm.machine.host import Host
from sysinit_vm.projects import locate, owners
from sysinit_vm.tasks.context import any_vm
from sysinit_vm.tasks.output import print_json
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say, table
from sysinit_vm.vm import pause


@verb(group="Look", aliases=["st"], examples=["sysinit-vm status", "sysinit-vm st --json"], exits=[3, 6])
def status(c: Context, json: bool = False, project: str | None = None, name: str | None = None) -> None:
    """Show the project's VM.

    A VM that does not exist yet is `not created`, which is not an error. While Zellij is being compiled in the
    background, say how far that is.
    """
    vm = any_vm(c, project, name, named="sysinit-vm status --name VM", to_work=True)
    located = vm.located
    if vm.target.problem:
        say(str(vm.target.problem))
    if located.foreign:
        say(f"A VM {located.name} exists, but it belongs to {owners.owner(located.foreign)}.")
    if located.instance and located.instance.unreadable:
        say(str(locate.unreadable(located.instance)))
    absent = vm.target.explicit and located.instance is None
    if absent:
        say(str(locate.absent(vm.instances, vm.target, located.name)))
    left_behind = None if located.instance else locate.left_behind(vm.instances, vm.target)
    if left_behind:
        say(hints.completed(f"{owners.question(left_behind, vm.target.required)} Take it over: sysinit-vm adopt"))
    drift = compare.summary(located.instance, facts.gather()) if located.instance else None
    if not json and drift not in {None, NONE, compare.UNKNOWN}:
        changed = f"The config has changed since the VM was created. Applying it needs: {drift}."
        say(hints.completed(f"{changed} See: sysinit-vm plan"))
    compiling = compile_state.state(Host.read())
    if compiling and not json:
        say(compiling.sentence)
    record = {**listing.of_project(located, None if absent else vm.target.project), "drift": drift}
    if json:
        print_json({"vm": record, "zellij_compile": compiling.data() if compiling else None})
    else:
        table(listing.COLUMNS, [listing.row(record)])
    if located.instance and record["status"] == listing.PAUSED:
        say(str(pause.error(located.instance)))
