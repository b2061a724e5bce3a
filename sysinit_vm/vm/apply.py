"""Apply a project's config to its VM, and verify the result in the guest."""

from sysinit_vm.drift import compare, plan, report, verify
from sysinit_vm.drift.compare import Drift
from sysinit_vm.drift.plan import LIVE, NONE, RECREATE
from sysinit_vm.errors import VmError
from sysinit_vm.guest import setup
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import facts
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say
from sysinit_vm.vm import permission
from sysinit_vm.vm.destroy import destroy
from sysinit_vm.vm.options import StartOptions
from sysinit_vm.vm.project_vm import ProjectVm
from sysinit_vm.vm.start import start
from sysinit_vm.vm.stop import stop


def find_drift(vm: ProjectVm, options: StartOptions) -> tuple[Instance, Drift] | None:
    """Return the VM and its drift, None if there is no VM or no config to compare it with."""
    instance, project = vm.own().instance, vm.target.project
    if instance is None or options.committed is None or instance.unreadable:
        return None
    if project is None or instance.project_dir != project.root:
        return None
    return instance, compare.drift(instance, options.committed, facts.gather())


def require_drift(vm: ProjectVm, options: StartOptions) -> tuple[Instance, Drift]:
    """As ``find_drift``, but StateError if there is no VM or no config to compare it with."""
    drifted = find_drift(vm, options)
    if drifted is None:
        raise report.no_config(vm.existing())
    return drifted


def start_up_to_date(vm: ProjectVm, options: StartOptions, answer: str) -> Instance:
    """Start as ``start`` does. If the VM has drifted, say so, and apply the changes if the user wants that.

    ``answer`` is apply, keep or ask; ask means keep without a terminal.
    """
    drifted = find_drift(vm, options)
    if drifted is None or drifted[1].needs == NONE:
        return start(vm, options)
    instance, drift = drifted
    kinds = ", ".join(dict.fromkeys(change.what for change in drift.changes))
    say(f"The config has changed since {instance.name} was made ({kinds}): sysinit-vm plan")
    if not _is_wanted(answer, drift.needs):
        return start(vm, options)
    return apply(vm, options, drift, start_stopped=True)


def _is_wanted(answer: str, needs: str) -> bool:
    if answer != "ask" or needs == RECREATE:
        return answer == "apply"
    return prompts.can_ask() and prompts.agrees("Apply the changes now?")


def apply(vm: ProjectVm, options: StartOptions, drift: Drift, *, start_stopped: bool) -> Instance:
    """Give the VM the config that ``drift`` wants, except for what needs a new VM; return the VM.

    A stopped VM stays stopped unless ``start_stopped``. VmError if Lima refuses the config, if the VM does not boot
    with it (the former config is then restored), or if the guest does not match it.
    """
    instance = vm.read_again().existing()
    if vm.lima.runner.dry:
        return instance
    if instance.running and drift.needs == LIVE:
        return _apply_live(vm.lima, instance, drift)
    judged = permission.edited(instance, plan.without_recreation(drift.has, drift.wanted))
    if instance.running:
        stop(vm)
    try:
        with vm.locked() as locked:
            locked.lima.edit(judged)
    except VmError:
        if instance.running:
            start(vm, options)
        raise
    if not (instance.running or start_stopped):
        return vm.read_again().existing()
    started = _start_or_restore(vm, options, drift)
    verify.require(vm.lima, started, started.config().data)
    return started


def _start_or_restore(vm: ProjectVm, options: StartOptions, drift: Drift) -> Instance:
    try:
        return start(vm, options)
    except VmError as error:
        with vm.locked() as locked:
            instance = locked.existing()
            if instance.running:
                raise
            locked.lima.edit(permission.edited(instance, drift.has))
        raise VmError(
            f"{instance.name} does not start with the new config. The former config is restored.",
            detail=str(error),
            hint="sysinit-vm plan",
        ) from error


def _apply_live(lima: Limactl, instance: Instance, drift: Drift) -> Instance:
    """Run our own scripts again in the guest. limactl does not edit a running VM, so its config is rewritten."""
    judged = permission.edited(instance, plan.only_live(drift.has, drift.wanted))
    setup.apply_live(lima, instance.name, drift.wanted.get("param") or {})
    lima.rewrite(instance, judged)
    return instance


def recreate(vm: ProjectVm, options: StartOptions) -> Instance:
    """Delete the VM and create it again: its disk is lost, the project's files stay."""
    if vm.lima.runner.dry:
        return vm.existing()
    destroy(vm)
    return start(vm.read_again(), options)
