"""plan: show how a VM differs from its config."""

from invoke.context import Context

from sysinit_vm.drift import report
from sysinit_vm.effective import machine_sizes, resolve
from sysinit_vm.machine import facts
from sysinit_vm.tasks.context import lima, wanted_target
from sysinit_vm.tasks.output import print_json
from sysinit_vm.tasks.start_options import start_options
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say, table
from sysinit_vm.vm.apply import require_drift, require_valid
from sysinit_vm.vm.project_vm import ProjectVm


@verb(group="Change", examples=["sysinit-vm plan", "sysinit-vm plan --json"], exits=[3, 4, 5, 6])
def plan(c: Context, json: bool = False, project: str | None = None, name: str | None = None) -> None:
    """Show how the VM differs from its config.

    Compare it with what the config would make of it on this machine now. A change needs only the running guest, a
    restart, or a new VM.
    """
    target = wanted_target(c, project, name)
    options = start_options(c, None, target)
    vm = ProjectVm.read(lima(c), target)
    instance, drift = require_drift(vm, options)
    require_valid(vm.lima, options, instance, drift, recreating=True)
    if json:
        print_json({"vm": instance.name, "needs": drift.needs, "changes": [change.data() for change in drift.changes]})
        return
    if drift.changes:
        table(report.COLUMNS, [report.row(change) for change in drift.changes])
    if options.committed and target.project:
        machine = facts.gather()
        sizes = machine_sizes.capped(options.committed, machine)
        for note in (*sizes, *resolve.left_out(options.committed, target.project, instance.name, machine)):
            say(note)
    for sentence in report.ports_to_move(instance, drift):
        say(sentence)
    say(report.what_apply_does(instance, drift))
