"""Ports: what listens in the guest, and where the host reaches it."""

from invoke.context import Context

from sysinit_vm.config import document
from sysinit_vm.projects import locate
from sysinit_vm.tasks.context import lima
from sysinit_vm.tasks.output import print_json
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say, table


@verb(group="Look", examples=["sysinit-vm ports", "sysinit-vm ports --json"], exits=[3, 6])
def ports(c: Context, json: bool = False, project: str | None = None, name: str | None = None) -> None:
    """Show the VM's ports, and whether they answer.

    Host port, URL and guest process, for declared ports and those that Lima forwards by itself. Each port is tested
    from the host.
    """
    from sysinit_vm.ports import portlist

    target = locate.target(project, name)
    vms = lima(c)
    found = locate.locate(vms, target)
    committed = document.load(target.project.config) if target.project else None
    shown = portlist.of_vm(vms, found, committed)
    if json:
        print_json({"vm": found.name, "status": found.status, "ports": [each.data() for each in shown]})
    elif shown:
        table(portlist.COLUMNS, [each.cells() for each in shown])
    else:
        say(f"The VM {found.name} ({found.status}) declares no port, and nothing listens in it.")
