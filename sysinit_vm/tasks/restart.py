"""restart: stop the VM of a project, then start it."""

from invoke.context import Context

from sysinit_vm.tasks.context import lima, wanted_target
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.start_options import start_options
from sysinit_vm.tasks.verb import verb
from sysinit_vm.trust import gate
from sysinit_vm.vm.apply import restart_up_to_date
from sysinit_vm.vm.project_vm import ProjectVm


@verb(group="Life", examples=["sysinit-vm restart"], exits=[3, 4, 5, 6])
def restart(c: Context, project: str | None = None, name: str | None = None, timeout: str | None = None) -> None:
    """Stop the project's VM, then start it."""
    target = wanted_target(c, project, name)
    options = start_options(c, timeout, target)
    vm = ProjectVm.read(lima(c), target)
    gate.passed_instance(vm.existing())  # before anything that runs in it is lost
    instance = restart_up_to_date(vm, options)
    done(c, f"VM restarted: {instance.name}")
