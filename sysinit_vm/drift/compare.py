"""What a VM has and what it would be given now, looked up."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sysinit_vm import files
from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.drift import plan
from sysinit_vm.drift.plan import RESTART, Change
from sysinit_vm.effective import prepare
from sysinit_vm.errors import VmError
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import facts
from sysinit_vm.machine.facts import Facts
from sysinit_vm.ports import allocation
from sysinit_vm.projects.project import Project

UNKNOWN = "unknown"
_BOOTED = "sysinit-vm-booted.json"  # in the instance's directory, so that it goes with the VM
# What we change in a running VM ourselves, and what is another at every look.
_NOT_COMPARED = ("provision", "param", "base", "minimumLimaVersion", "message")


@dataclass(frozen=True)
class Drift:
    """``has`` is the instance's own config, ``wished`` the one that it would be given now."""

    has: Mapping[str, Any]
    wished: Mapping[str, Any]
    changes: tuple[Change, ...]

    @property
    def needs(self) -> str:
        """What it takes: none, live, restart or recreate."""
        return plan.worst(self.changes)


def drift(lima: Limactl, instance: Instance, committed: Config, machine: Facts) -> Drift:
    """Return how ``instance`` differs from what ``committed`` gives it here; VmError if either is unreadable."""
    own = lima.config(instance)
    home = Project(instance.project_dir or committed.path.parents[1])
    wished = prepare.work_out(committed, home, instance.name, machine, allocation.kept(own, committed)).data
    found = plan.changes(own.data, wished)
    if instance.running:
        found += _since_boot(lima, instance)
    return Drift(own.data, wished, tuple(found))


def summary(lima: Limactl, instance: Instance, machine: Facts) -> str:
    """Return none, live, restart or recreate; unknown where the config cannot be had. Starts no process.

    What LIMA_HOME/_config brought since the boot is not looked at here: `plan` does.
    """
    if instance.project_dir is None:
        return UNKNOWN
    path = Project(instance.project_dir).config
    with suppress(VmError, OSError):
        committed = document.load(path)
        if not committed.data.get("base"):
            own = lima.config(instance)
            home = Project(instance.project_dir)
            wished = prepare.work_out(committed, home, instance.name, machine, allocation.kept(own, committed))
            return plan.worst(plan.changes(own.data, wished.data))
    return UNKNOWN


def gather() -> Facts:
    """Return this machine's facts, once for many VMs."""
    return facts.gather()


def remember(lima: Limactl, instance: Instance) -> None:
    """Keep what ``instance`` was booted with: Lima's own defaults and overrides merge into it at every look."""
    with suppress(VmError):
        files.write(instance.dir / _BOOTED, json.dumps(lima.filled(instance.name)))


def _since_boot(lima: Limactl, instance: Instance) -> list[Change]:
    """Return what _config/default.yaml and override.yaml of LIMA_HOME brought since the boot."""
    try:
        booted = json.loads((instance.dir / _BOOTED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    now = lima.filled(instance.name)
    both = [{key: value for key, value in each.items() if key not in _NOT_COMPARED} for each in (booted, now)]
    found = plan.changes(*both)
    return [Change(f"{each.what} (LIMA_HOME/_config)", each.now, each.wished, RESTART) for each in found]
