"""adopt: take over a VM."""

from invoke.context import Context

from sysinit_vm.projects import locate
from sysinit_vm.tasks.context import lima
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.start_options import request
from sysinit_vm.tasks.verb import verb
from sysinit_vm.vm.adopt import adopt
from sysinit_vm.vm.project_vm import ProjectVm


@verb(
    "adopt",
    group="Change",
    examples=["sysinit-vm adopt", "sysinit-vm adopt --name old-dev"],
    exits=[3, 4, 5, 6],
    name="The VM to take over; default: the one that this project had before it was moved.",
)
def adopt_(c: Context, yes: bool = False, project: str | None = None, name: str | None = None) -> None:
    """Take over the VM of a moved project.

    This also works for a VM that was created without sysinit-vm. The disk stays as it is.
    """
    target = locate.target(project, name)
    config = request(c, target).require()
    instance = adopt(ProjectVm.read(lima(c), target), config, yes=yes)
    done(c, f"VM adopted: {instance.name}. Start it: sysinit-vm start")
