"""apply: make a VM what its config says."""

from invoke.context import Context

from sysinit_vm.drift import report
from sysinit_vm.drift.plan import NONE, RECREATE
from sysinit_vm.projects import locate
from sysinit_vm.tasks.context import lima
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.start_options import start_options
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say
from sysinit_vm.vm import apply
from sysinit_vm.vm.project_vm import ProjectVm


@verb(
    "apply",
    group="Change",
    examples=["sysinit-vm apply", "sysinit-vm apply --recreate --yes"],
    exits=[3, 4, 5, 6],
    yes="Apply without asking; alone it never recreates the VM.",
    recreate="Also make changes that need a new VM: its disk is lost, the project's files stay.",
)
def apply_(
    c: Context,
    yes: bool = False,
    recreate: bool = False,
    project: str | None = None,
    name: str | None = None,
    timeout: str | None = None,
) -> None:
    """Make the VM what its config says.

    Apply changes in the running guest or by a restart, and check them there. Changes that need a new VM are made only
    with --recreate.
    """
    target = locate.target(project, name)
    options = start_options(c, timeout, target.project)
    vm = ProjectVm.read(lima(c), target)
    instance, drift = apply.require_drift(vm, options)
    say(report.what_apply_does(instance, drift))
    if drift.needs == NONE:
        return
    anew = recreate and drift.needs == RECREATE
    question = (
        f"Recreate {instance.name}? Everything stored only in it is lost." if anew else f"Apply to {instance.name}?"
    )
    prompts.confirm(question, yes=yes, refusal_hint=f"sysinit-vm apply --yes{' --recreate' if anew else ''}")
    if anew:
        apply.recreate(vm, options)
    else:
        apply.apply(vm, options, drift, start_stopped=False)
    left = [change.what for change in drift.changes if change.needs == RECREATE and not anew]
    done(c, f"Applied to {instance.name}.{_left(left)}")


def _left(left: list[str]) -> str:
    return f" Not applied, because it needs a new VM (--recreate): {', '.join(left)}." if left else ""
