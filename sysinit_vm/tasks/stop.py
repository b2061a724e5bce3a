"""stop: stop one VM, or all."""

from invoke.context import Context

from sysinit_vm.errors import UsageError
from sysinit_vm.lima.instance import STOPPED
from sysinit_vm.tasks.context import any_vm, lima
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.verb import verb
from sysinit_vm.vm.stop import stop, stop_all


@verb(
    "stop",
    group="Life",
    examples=["sysinit-vm stop", "sysinit-vm stop --all"],
    exits=[3, 4, 6],
    force="Power the VM off without asking the guest, like pulling the plug.",
    all="Stop the running VMs of all projects, wherever they are.",
)
def stop_(
    c: Context,
    force: bool = False,
    all: bool = False,  # noqa: A002
    project: str | None = None,
    name: str | None = None,
) -> None:
    """Stop the project's VM, or all VMs.

    It is not an error if the VM is already stopped.
    """
    if all:
        if name or project:
            raise UsageError("--all cannot be combined with --name or --project.", hint="sysinit-vm stop --all")
        names = stop_all(lima(c), force=force)
        done(c, f"VMs stopped: {', '.join(names) or 'none was running'}")
        return
    vm = any_vm(c, project, name, named="sysinit-vm stop --name VM")
    present = vm.located.instance
    stopped = stop(vm, force=force).name
    already = present is not None and present.status == STOPPED
    done(c, f"{stopped} is stopped already." if already else f"VM stopped: {stopped}")
