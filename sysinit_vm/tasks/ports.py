"""ports: show what listens in the guest, and where the host reaches it."""

from invoke.context import Context

from sysinit_vm.projects import committed_config
from sysinit_vm.tasks.context import any_vm
from sysinit_vm.tasks.output import print_json
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say, table


@verb(group="Look", examples=["sysinit-vm ports", "sysinit-vm ports --json"], exits=[3, 6])
def ports(c: Context, json: bool = False, project: str | None = None, name: str | None = None) -> None:
    """Show the VM's ports, and whether they answer.

    List host port, URL and guest process of declared ports and of those that Lima forwards by itself. Each port is
    tested from the host.
    """
    from sysinit_vm.ports import portlist

    vm = any_vm(c, project, name, named="sysinit-vm ports --name VM", to_work=True)
    located, current_project = vm.located, vm.target.project
    config = committed_config.load(current_project) if current_project and located.instance is None else None
    entries = portlist.of_vm(vm.lima, located, config)
    if json:
        print_json({"vm": located.name, "status": located.status, "ports": [entry.data() for entry in entries]})
    elif entries:
        table(portlist.COLUMNS, [entry.cells() for entry in entries])
    else:
        say(f"The VM {located.name} ({located.status}) declares no port, and nothing listens in it.")
