"""stop: stop one VM, or all."""

from invoke.context import Context

from sysinit_vm.errors import UsageError
from sysinit_vm.tasks.context import lima, project_vm
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.verb import verb
from sysinit_vm.vm.stop import stop, stop_all


@verb(
    "stop",
    group="Life",
    examples=["sysinit-vm stop", "sysinit-vm stop --all"],
    exits=[3, 4, 6],
    force="End it without asking the guest, as pulling the plug would.",
    all="Every project's VM that runs, wherever its project is.",
)
def stop_(
    c: Context,
    force: bool = False,
    all: bool = False,  # noqa: A002
    project: str | None = None,
    name: str | None = None,
) -> None:
    """Stop the project's VM, or every one.

    Stopping a stopped VM is no error.
    """
    if all:
        if name or project:
            raise UsageError("--all cannot be combined with --name or --project.", hint="sysinit-vm stop --all")
        stopped = stop_all(lima(c), force=force)
        done(c, f"VMs stopped: {', '.join(stopped) or 'none ran'}")
        return
    done(c, f"VM stopped: {stop(project_vm(c, project, name), force=force).name}")
