"""What `plan` and `apply` say about a VM's drift."""

from sysinit_vm.config.document import Config
from sysinit_vm.drift.compare import Drift
from sysinit_vm.drift.plan import LIVE, NONE, RECREATE, RESTART, Change
from sysinit_vm.errors import StateError, typed
from sysinit_vm.lima.instance import Instance
from sysinit_vm.ports import host_ports

COLUMNS = ("WHAT", "NOW", "WANTED", "NEEDS")
_APPLIES = {
    NONE: "{name} matches its config.",
    LIVE: "`sysinit-vm apply` makes the changes in the running guest.",
    RESTART: "`sysinit-vm apply` restarts the VM; its data stays.",
}
_RECREATES = "`sysinit-vm apply --recreate` makes a new VM: the disk is lost, the project's files stay."


def row(change: Change) -> tuple[str, ...]:
    """Return one line of `plan`'s table, by COLUMNS."""
    return change.what, change.now, change.wanted, change.needs


def no_config(instance: Instance) -> StateError:
    """Return the error for a VM that no config here describes."""
    owner = instance.project_dir
    return StateError(
        f"{instance.name} has no config to compare it with.",
        detail="It belongs to another directory, or to no project.",
        hint=f"{typed('cd', owner)} && sysinit-vm plan" if owner else "sysinit-vm adopt",
    )


def ports_to_move(instance: Instance, drift: Drift) -> list[str]:
    """Return a sentence for each host port that the VM would be moved from if ``drift`` was applied now."""
    present, wanted = (Config(instance.files.lima_yaml, dict(data)) for data in (drift.has, drift.wanted))
    return host_ports.unavailable(instance.name, present, wanted)


def what_apply_does(instance: Instance, drift: Drift) -> str:
    """Return in a sentence what `apply` would do about ``drift``."""
    if not instance.running and drift.needs_in_place != NONE:
        applies = "`sysinit-vm apply` saves the change for the next start."
    else:
        applies = _APPLIES[drift.needs_in_place].format(name=instance.name)
    if drift.needs != RECREATE:
        return applies
    if drift.needs_in_place == NONE:
        return f"Only a new VM can take this. {_RECREATES}"
    return f"{applies} It leaves out what only a new VM can take. {_RECREATES}"
