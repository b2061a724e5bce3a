"""Give a VM that lost its lima.yaml a config again, and let Lima end what still runs of it. Its disk stays."""

import os
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.locks import vm_lock
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.vm import pause
from sysinit_vm.vm.destroy import end
from sysinit_vm.vm.project_vm import ProjectVm


def restored(vm: ProjectVm) -> ProjectVm:
    """Return the VM as it is when its lima.yaml, if that was lost, is again that of its last start.

    The errors are those of ``restore``.
    """
    instance = vm.located.instance
    if instance is None or not instance.unreadable:
        return vm
    with vm.locked() as locked:  # another command may be restoring it, and what we know is older than what is there
        instance = locked.located.instance
        if instance is None or not is_safe(instance, explicit=vm.target.explicit):
            return locked
        _restore(vm.lima, instance)
    return vm.read_again()


def is_safe(instance: Instance, *, explicit: bool = False) -> bool:
    """Whether ``restore`` can help an ``instance`` that a project has, or that ``explicit`` names."""
    return (explicit or instance.project_dir is not None) and instance.restorable


def restore(lima: Limactl, name: str) -> None:
    """Make the config of the last start of the VM ``name`` its lima.yaml again; the VM is stopped then.

    Nothing happens if another command was faster. VmError if another account could have changed what is kept, or if a
    process that may be the VM's cannot be ended.
    """
    with vm_lock(name):
        instance = lima.instance(name)
        if instance is not None and instance.restorable:
            _restore(lima, instance)


def _restore(lima: Limactl, instance: Instance) -> None:
    kept = instance.files.kept_config()
    if lima.runner.dry:
        say(f"Would restore {instance.files.lima_yaml}")
    elif kept is not None:
        put(lima, instance, kept.text, "its last start's again")


def put(lima: Limactl, instance: Instance, text: str, source: str) -> None:
    """Write ``text``, whose ``source`` is for the message, as the lima.yaml of ``instance``, and end what runs of it.

    What was there before stays beside it. It comes first, so that Lima knows the VM again and shuts its guest down. The
    caller holds the VM's lock. VmError as for ``restore``.
    """
    its = instance.files
    files.require_private(its.directory)
    aside = _move_aside(its.lima_yaml)
    files.write(its.lima_yaml, text, mode=0o600)
    say(f"{instance.name}: lima.yaml was {'damaged' if aside else 'missing'}. It is {source}; the disk was kept.")
    if aside:
        say(f"  The damaged one is now {aside}")
    now = lima.instance(instance.name) or instance
    pause.go_on(lima, now)  # a guest that cannot write would be cut off
    with Progress(f"Ending what runs of the VM: {instance.name}") as progress:
        end(lima, now, progress)


def _move_aside(path: Path) -> Path | None:
    """Give what is at ``path``, whatever it is, a name that is free, and return that; None if there is nothing."""
    if not os.path.lexists(path):
        return None
    aside = path.with_name(f"{path.name}.damaged")
    while os.path.lexists(aside):
        aside = aside.with_name(f"{aside.name}+")
    try:
        path.rename(aside)
    except OSError as error:
        raise files.denied("rename", path, error) from error
    return aside
