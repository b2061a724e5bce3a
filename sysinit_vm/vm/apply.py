"""Apply a project's config to its VM, and verify the result in the guest."""

from dataclasses import replace
from typing import Any

from sysinit_vm import hints, lock
from sysinit_vm.drift import compare, plan, report, verify
from sysinit_vm.drift.compare import Drift
from sysinit_vm.drift.plan import LIVE, NONE, RECREATE
from sysinit_vm.errors import VmError
from sysinit_vm.guest import setup
from sysinit_vm.lima.instance import STOPPED, Instance
from sysinit_vm.lima.judged import JudgedConfig
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.locks import vm_lock_file
from sysinit_vm.machine import facts
from sysinit_vm.projects import locate
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.vm import adopt, new_vm, permission, restore, validity
from sysinit_vm.vm.destroy import destroy, to_destroy
from sysinit_vm.vm.options import StartOptions
from sysinit_vm.vm.project_vm import ProjectVm
from sysinit_vm.vm.start import start
from sysinit_vm.vm.stop import stop


def find_drift(vm: ProjectVm, options: StartOptions, *, rebooting: bool = False) -> tuple[Instance, Drift] | None:
    """Return the VM and its drift, None if there is no VM or no config to compare it with.

    With ``rebooting`` both are as if it was stopped already, which takes up what LIMA_HOME/_config has changed.
    """
    instance, project = vm.own().instance, vm.target.project
    if instance is None or options.committed is None or instance.unreadable:
        return None
    if project is None or instance.project_dir != project.root:
        return None
    if rebooting:
        instance = replace(instance, status=STOPPED)
    return instance, compare.drift(instance, options.committed, facts.gather())


def require_drift(vm: ProjectVm, options: StartOptions) -> tuple[Instance, Drift]:
    """As ``find_drift``, but StateError if there is no VM or no config to compare it with."""
    drifted = find_drift(vm, options)
    if drifted is None:
        instance = vm.existing()
        raise locate.unreadable(instance) if instance.unreadable else report.no_config(instance)
    return drifted


def require_valid(
    lima: Limactl, options: StartOptions, instance: Instance, drift: Drift, *, recreating: bool = False
) -> None:
    """VmError if Lima would refuse ``instance`` what ``drift`` wants: before that is shown, asked or stopped for.

    ``recreating`` is for a new VM in its place. Lima is not asked again about what it took before.
    """
    if drift.needs != NONE and options.committed is not None:
        data = drift.wanted if recreating else _given(instance, drift)
        validity.require(lima, permission.proposed(instance, data), options.committed.path)


def start_up_to_date(vm: ProjectVm, options: StartOptions, answer: str) -> Instance:
    """Start as ``start`` does. If the VM has drifted, say so, and apply the changes if the user wants that.

    ``answer`` is apply, keep or ask; ask means keep without a terminal. A lima.yaml that was lost is restored first.
    While another command uses the VM nothing is asked: it may be applying that very change, and the start waits for it.
    """
    vm = restore.restored(vm)
    lost = vm.located.instance
    if lost is not None and lost.lost and adopt.offer(vm, options.committed):
        vm = vm.read_again()
    busy = lock.is_held(vm_lock_file(vm.located.name))
    drift = None if busy and answer == "ask" else _drift_to_apply(vm, options, answer)
    return apply(vm, options, drift, start_stopped=True) if drift else start(vm, options)


def restart_up_to_date(vm: ProjectVm, options: StartOptions) -> Instance:
    """Stop the VM and start it as ``start_up_to_date`` does. What that asks, the user and Lima, is asked first."""
    drift = _drift_to_apply(vm, options, "ask", rebooting=True)
    stop(vm)
    stopped = vm.read_again()
    return apply(stopped, options, drift, start_stopped=True) if drift else start(stopped, options)


def _drift_to_apply(vm: ProjectVm, options: StartOptions, answer: str, *, rebooting: bool = False) -> Drift | None:
    drifted = find_drift(vm, options, rebooting=rebooting)
    if drifted is None or drifted[1].needs == NONE:
        return None
    instance, drift = drifted
    kinds = ", ".join(dict.fromkeys(change.name for change in drift.changes))
    say(hints.completed(f"The config has changed since {instance.name} was made ({kinds}): sysinit-vm plan"))
    if drift.needs_in_place == NONE or not _is_wanted(answer, drift.needs):
        return None
    require_valid(vm.lima, options, instance, drift)
    return drift


def _is_wanted(answer: str, needs: str) -> bool:
    if answer != "ask" or needs == RECREATE:
        return answer == "apply"
    return prompts.can_ask() and prompts.agrees("Apply the changes now?")


def apply(vm: ProjectVm, options: StartOptions, drift: Drift, *, start_stopped: bool) -> Instance:
    """Give the VM the config that ``drift`` wants, except for what needs a new VM; return the VM.

    ``require_valid`` comes first. A stopped VM stays stopped unless ``start_stopped``. VmError if Lima refuses the
    config, if the VM does not boot with it (the former config is then restored), or if the guest does not match it.
    """
    instance = vm.read_again().existing()
    if vm.lima.runner.dry:
        return instance
    judged = permission.edited(instance, _given(instance, drift))
    if _is_live(instance, drift):
        return _apply_live(vm.lima, instance, judged)
    if instance.running:
        stop(vm)
    try:
        with vm.locked() as locked:
            locked.lima.edit(judged)
    except VmError:
        if instance.running:
            start(vm.read_again(), options)
        raise
    if not (instance.running or start_stopped):
        return vm.read_again().existing()
    started = _start_or_restore(vm.read_again(), options, drift)
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


def _is_live(instance: Instance, drift: Drift) -> bool:
    return instance.running and drift.needs_in_place == LIVE


def _given(instance: Instance, drift: Drift) -> dict[str, Any]:
    """Return the config that ``apply`` gives the VM."""
    change = plan.only_live if _is_live(instance, drift) else plan.without_recreation
    return change(drift.has, drift.wanted)


def _apply_live(lima: Limactl, instance: Instance, judged: JudgedConfig) -> Instance:
    """Run our own scripts again in the guest. limactl does not edit a running VM, so its config is rewritten."""
    setup.apply_live(lima, instance.name, judged.data.get("param") or {})
    lima.rewrite(instance, judged)
    return instance


def recreate(vm: ProjectVm, options: StartOptions) -> Instance:
    """Delete the VM and create it again: its disk is lost, the project's files stay. ``require_valid`` comes first.

    What can fail before the old VM is in the way, such as the build of an image, comes before it is deleted.
    """
    if vm.lima.runner.dry:
        return vm.existing()
    name = to_destroy(vm).name
    with Progress(f"Recreating VM: {name}") as progress:
        progress.stage("looking whether a new one can be made")
        new_vm.require(vm.lima, name, vm.target.required, options, progress)
        destroy(vm, progress)
    return start(vm.read_again(), options)
