"""Whose a VM is: adopt."""

from invoke.context import Context

from sysinit_vm import adopt, config, locate
from sysinit_vm.tasks.context import done, lima
from sysinit_vm.tasks.verb import verb


@verb("adopt", name="The VM to take over; default: the one that this project left behind when it was moved.")
def adopt_(c: Context, yes: bool = False, project: str | None = None, name: str | None = None) -> None:
    """Take over the VM of a moved or renamed project, or one made without sysinit-vm; its disk stays."""
    target = locate.target(project, name)
    taken = adopt.adopt(lima(c), target, config.load(target.required.config), yes=yes)
    done(c, f"VM adopted: {taken.name}. Start it: sysinit-vm start")
