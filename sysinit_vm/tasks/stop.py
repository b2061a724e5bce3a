"""stop: stop one VM, or all."""

from invoke.context import Context

from sysinit_vm.errors import UsageError
from sysinit_vm.projects import locate
from sysinit_vm.tasks.context import lima
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.verb import verb
from sysinit_vm.vm import lifecycle


@verb(
    group="Life",
    examples=["sysinit-vm stop", "sysinit-vm stop --all"],
    exits=[3, 4, 6],
    force="End it without asking the guest, as pulling the plug would.",
    all="Every project's VM that runs, wherever its project is.",
)
def stop(
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
        stopped = lifecycle.stop_all(lima(c), force=force)
        done(c, f"VMs stopped: {', '.join(stopped) or 'none ran'}")
        return
    target = locate.target(project, name)
    instance = lifecycle.stop(lima(c), target, force=force)
    done(c, f"VM stopped: {instance.name}")
