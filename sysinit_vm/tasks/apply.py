"""apply: bring a VM in line with its config."""

from invoke.context import Context

from sysinit_vm.drift import report
from sysinit_vm.drift.plan import NONE, RECREATE
from sysinit_vm.tasks.context import lima, wanted_target
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.start_options import start_options
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say, table
from sysinit_vm.vm import apply
from sysinit_vm.vm.project_vm import ProjectVm


@verb(
    "apply",
    group="Change",
    examples=["sysinit-vm apply", "sysinit-vm apply --recreate --yes"],
    exits=[3, 4, 5, 6],
    yes="Apply without asking; alone it never recreates the VM.",
    recreate="Also make changes that need a new VM: the disk is lost, the project's files stay.",
)
def apply_(
    c: Context,
    yes: bool = False,
    recreate: bool = False,
    project: str | None = None,
    name: str | None = None,
    timeout: str | None = None,
) -> None:
    """Bring the VM in line with its config.

    Apply changes in the running guest or by a restart, and check them in the guest. Changes that need a new VM are made
    only with --recreate.
    """
    target = wanted_target(c, project, name)
    options = start_options(c, timeout, target)
    vm = ProjectVm.read(lima(c), target)
    instance, drift = apply.require_drift(vm, options)
    recreating = recreate and drift.needs == RECREATE
    apply.require_valid(vm.lima, options, instance, drift, recreating=recreating)
    if drift.changes:
        table(report.COLUMNS, [report.row(change) for change in drift.changes])
    for sentence in report.ports_to_move(instance, drift):
        say(sentence)
    say(report.what_apply_does(instance, drift))
    if drift.needs_in_place == NONE and not recreating:
        return
    lost = f"Recreate {instance.name}? Everything stored only in it is lost."
    prompts.confirm(
        lost if recreating else f"Apply to {instance.name}?",
        yes=yes,
        refusal_hint=f"sysinit-vm apply --yes{' --recreate' if recreating else ''}",
    )
    if recreating:
        apply.recreate(vm, options)
    else:
        apply.apply(vm, options, drift, start_stopped=False)
    skipped = [change.name for change in drift.changes if change.needs == RECREATE and not recreating]
    done(c, f"Applied to {instance.name}.{_not_applied(skipped)}")


def _not_applied(skipped: list[str]) -> str:
    return f" Not applied, because that needs a new VM (--recreate): {', '.join(skipped)}." if skipped else ""
