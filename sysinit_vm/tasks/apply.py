"""Changes of the config: shown, and applied to the VM."""

from invoke.context import Context

from sysinit_vm.drift.compare import Drift
from sysinit_vm.drift.plan import NONE, RECREATE
from sysinit_vm.errors import StateError, typed
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.projects import locate
from sysinit_vm.projects.locate import Target
from sysinit_vm.tasks.context import done, lima, print_json, wish
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say, table
from sysinit_vm.vm import apply as applying

COLUMNS = ("WHAT", "NOW", "WISHED", "NEEDS")


@verb(group="Change", examples=["sysinit-vm plan", "sysinit-vm plan --json"], exits=[3, 4, 5, 6])
def plan(c: Context, json: bool = False, project: str | None = None, name: str | None = None) -> None:
    """Show how the VM differs from its config.

    Compare it with what the config would give it on this machine now. Each change needs only the running guest, a
    restart, or a new VM.
    """
    target = locate.target(project, name)
    wished, vms = wish(c, None, target.project), lima(c)
    instance, drift = _seen(vms, target, applying.look(vms, target, wished))
    if json:
        print_json({"vm": instance.name, "needs": drift.needs, "changes": [each.data() for each in drift.changes]})
        return
    if drift.changes:
        table(COLUMNS, [(each.what, each.now, each.wished, each.needs) for each in drift.changes])
    say(_what_apply_does(instance, drift))


@verb(
    group="Change",
    examples=["sysinit-vm apply", "sysinit-vm apply --recreate --yes"],
    exits=[3, 4, 5, 6],
    yes="Apply without asking; alone it never recreates the VM.",
    recreate="Also make changes that need a new VM: its disk is lost, the project's files stay.",
)
def apply(
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
    wished, vms = wish(c, timeout, target.project), lima(c)
    instance, drift = _seen(vms, target, applying.look(vms, target, wished))
    say(_what_apply_does(instance, drift))
    if drift.needs == NONE:
        return
    anew = recreate and drift.needs == RECREATE
    question = (
        f"Recreate {instance.name}? Everything stored only in it is lost." if anew else f"Apply to {instance.name}?"
    )
    prompts.confirm(question, yes=yes, refusal_hint=f"sysinit-vm apply --yes{' --recreate' if anew else ''}")
    if anew:
        applying.recreate(vms, target, wished)
    else:
        applying.apply(vms, target, wished, drift, start=False)
    left = [each.what for each in drift.changes if each.needs == RECREATE and not anew]
    done(c, f"Applied to {instance.name}.{_left(left)}")


def _seen(lima: Limactl, target: Target, found: tuple[Instance, Drift] | None) -> tuple[Instance, Drift]:
    if found is not None:
        return found
    instance = locate.existing(lima, target)
    owner = instance.project_dir
    raise StateError(
        f"{instance.name} has no config to be compared with.",
        detail="It belongs to no project here, or to another directory.",
        hint=f"{typed('cd', owner)} && sysinit-vm plan" if owner else "sysinit-vm adopt",
    )


def _what_apply_does(instance: Instance, drift: Drift) -> str:
    how = {
        NONE: f"{instance.name} is what its config says.",
        "live": "`sysinit-vm apply` does it in the running guest.",
        "restart": "`sysinit-vm apply` restarts the VM; its data stays.",
        RECREATE: "`sysinit-vm apply` does what it can; `apply --recreate` makes the VM anew, and its data is lost.",
    }
    stopped = "`sysinit-vm apply` saves the change for the next start."
    return stopped if not instance.running and drift.needs in {"live", "restart"} else how[drift.needs]


def _left(left: list[str]) -> str:
    return f" Not applied, because it needs a new VM (--recreate): {', '.join(left)}." if left else ""
