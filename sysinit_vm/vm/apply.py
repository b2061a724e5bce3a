"""A VM becomes what its project's config says, and the guest is asked whether it did."""

from sysinit_vm.drift import compare, plan, verify
from sysinit_vm.drift.compare import Drift
from sysinit_vm.drift.plan import LIVE, NONE, RECREATE
from sysinit_vm.errors import VmError
from sysinit_vm.guest import setup
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import facts
from sysinit_vm.projects import locate
from sysinit_vm.projects.locate import Target
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say
from sysinit_vm.vm import lifecycle
from sysinit_vm.vm.options import StartOptions


def look(lima: Limactl, target: Target, wish: StartOptions) -> tuple[Instance, Drift] | None:
    """Return the target's VM and its drift, None where there is no VM or no config to compare it with."""
    instance = locate.own(lima, target).instance
    if instance is None or wish.committed is None or instance.unreadable:
        return None
    if target.project is None or instance.project_dir != target.project.root:
        return None
    return instance, compare.drift(lima, instance, wish.committed, facts.gather())


def start(lima: Limactl, target: Target, wish: StartOptions, answer: str) -> Instance:
    """Start as ``lifecycle.start`` does; a VM that drifted is told, and brought up to date if wished.

    ``answer`` is apply, keep or ask, which asks on a terminal and keeps elsewhere.
    """
    seen = look(lima, target, wish)
    if seen is None or seen[1].needs == NONE:
        return lifecycle.start(lima, target, wish)
    instance, drift = seen
    kinds = ", ".join(dict.fromkeys(each.what for each in drift.changes))
    say(f"The config has changed since {instance.name} was made ({kinds}): sysinit-vm plan")
    if not _wanted(answer, drift.needs):
        return lifecycle.start(lima, target, wish)
    return apply(lima, target, wish, drift, start=True)


def _wanted(answer: str, needs: str) -> bool:
    if answer != "ask" or needs == RECREATE:
        return answer == "apply"
    return prompts.can_ask() and prompts.agrees("Apply the changes now?")


def apply(lima: Limactl, target: Target, wish: StartOptions, drift: Drift, *, start: bool) -> Instance:
    """Make the VM what ``drift`` wishes, but for what takes its recreation; return it.

    A stopped one stays stopped unless ``start``. VmError where Lima refuses the config, where the VM does not
    boot with it (it then has the former one again), or where the guest does not see what it should.
    """
    instance = locate.existing(lima, target)
    if lima.runner.dry:
        return instance
    if instance.running and drift.needs == LIVE:
        return _live(lima, instance, drift)
    wished = plan.without_recreation(drift.has, drift.wanted)
    was_running = instance.running
    if was_running:
        lifecycle.stop(lima, target)
    try:
        with lifecycle.alone(lima, target):
            lima.edit(instance.name, wished)
    except VmError:
        if was_running:
            lifecycle.start(lima, target, wish)
        raise
    if not (was_running or start):
        return locate.existing(lima, target)
    started = _start_or_restore(lima, target, wish, drift)
    verify.require(lima, started, lima.config(started).data)
    return started


def _start_or_restore(lima: Limactl, target: Target, wish: StartOptions, drift: Drift) -> Instance:
    try:
        return lifecycle.start(lima, target, wish)
    except VmError as error:
        instance = locate.existing(lima, target)
        if instance.running:
            raise
        with lifecycle.alone(lima, target):
            lima.edit(instance.name, drift.has)
        raise VmError(
            f"{instance.name} does not start with the new config, and has the former one again.",
            detail=str(error),
            hint="sysinit-vm plan",
        ) from error


def _live(lima: Limactl, instance: Instance, drift: Drift) -> Instance:
    """Our own scripts run again in the guest; its config is written without limactl, which refuses a running one."""
    setup.apply_live(lima, instance.name, drift.wanted.get("param") or {})
    lima.rewrite(instance, plan.only_live(drift.has, drift.wanted))
    return instance


def recreate(lima: Limactl, target: Target, wish: StartOptions) -> Instance:
    """Make the VM anew: its disk is lost, the project's files stay."""
    if lima.runner.dry:
        return locate.existing(lima, target)
    lifecycle.destroy(lima, target)
    return lifecycle.start(lima, target, wish)
