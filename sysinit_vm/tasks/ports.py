"""Ports: what listens in the guest, and where the host reaches it."""

from invoke.context import Context

from sysinit_vm.config import document
from sysinit_vm.tasks.context import project_vm
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

    vm = project_vm(c, project, name)
    located, here = vm.located, vm.target.project
    shown = portlist.of_vm(vm.lima, located, document.load(here.config) if here else None)
    if json:
        print_json({"vm": located.name, "status": located.status, "ports": [port.data() for port in shown]})
    elif shown:
        table(portlist.COLUMNS, [port.cells() for port in shown])
    else:
        say(f"The VM {located.name} ({located.status}) declares no port, and nothing listens in it.")
