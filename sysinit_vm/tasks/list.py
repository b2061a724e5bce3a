"""list: show every project's VM."""

import time

from invoke.context import Context

from sysinit_vm.drift import compare
from sysinit_vm.inventory import listing
from sysinit_vm.machine import facts
from sysinit_vm.projects import locate
from sysinit_vm.tasks.context import lima
from sysinit_vm.tasks.output import print_json
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say, table


@verb("list", group="Look", aliases=["ls"], examples=["sysinit-vm list", "sysinit-vm ls --json"], exits=[6])
def list_(c: Context, json: bool = False) -> None:
    """Show every project's VM, and what it uses.

    List all VMs on this machine with age, memory and disk use, ports, drift and project.
    """
    machine, instances = facts.gather(), lima(c).instances()
    records = listing.of_machine(instances, time.time(), lambda instance: compare.summary(instance, machine))
    if json:
        print_json({"vms": records})
    elif records:
        rows = [listing.machine_row(record) for record in records]
        table(listing.MACHINE_COLUMNS, rows, folding=("PORTS", "PROJECT"))
        for instance in (*instances, *instances.lost):
            if instance.unreadable:
                say(str(locate.unreadable(instance)))
    else:
        say("No project has a VM on this machine yet. Create one: sysinit-vm init, then sysinit-vm start")
