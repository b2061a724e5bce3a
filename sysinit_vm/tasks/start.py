"""start: start the VM of a project."""

from invoke.context import Context

from sysinit_vm.errors import UsageError
from sysinit_vm.tasks.context import lima, wanted_target
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.start_options import start_options
from sysinit_vm.tasks.verb import verb
from sysinit_vm.vm.apply import start_up_to_date
from sysinit_vm.vm.project_vm import ProjectVm


@verb(
    group="Life",
    examples=["sysinit-vm start", "sysinit-vm start --drift keep --timeout 900"],
    exits=[3, 4, 5, 6],
    drift="What to do if the config has changed: apply, keep or ask; default: ask if on a terminal.",
)
def start(
    c: Context,
    drift: str = "ask",
    project: str | None = None,
    name: str | None = None,
    timeout: str | None = None,
) -> None:
    """Start the project's VM and wait until it is ready.

    Ready means that mounts, the session tool and provisioning work. A running VM is left alone. A missing VM is
    created, and so is its image if there is none.
    """
    if drift not in {"ask", "apply", "keep"}:
        raise UsageError(f"--drift cannot be {drift!r}.", detail="It is ask, apply or keep.", hint="sysinit-vm plan")
    target = wanted_target(c, project, name)
    options = start_options(c, timeout, target)
    instance = start_up_to_date(ProjectVm.read(lima(c), target), options, drift)
    done(c, f"VM started: {instance.name}. Connect with: sysinit-vm shell")
