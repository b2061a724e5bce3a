"""What ``status`` and ``list`` show: rows for people, records for scripts."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sysinit_vm.errors import VmError
from sysinit_vm.inventory import usage
from sysinit_vm.lima import qmp
from sysinit_vm.lima.instance import Instance, Instances
from sysinit_vm.ports import forwards
from sysinit_vm.projects import project
from sysinit_vm.projects.locate import Located
from sysinit_vm.projects.project import Project

MACHINE_COLUMNS = ("NAME", "STATUS", "AGE", "CPUS", "MEMORY", "DISK", "PORTS", "DRIFT", "PROJECT")
PAUSED = "Paused"  # Lima calls it Running
COLUMNS = ("NAME", "STATUS", "CPUS", "MEMORY", "DISK", "SESSION", "PROJECT")


def record(name: str, status: str, instance: Instance | None, root: Path | None) -> dict[str, Any]:
    """Return the versioned JSON form of one VM: sizes in bytes, ``project`` absolute, null for what does not exist."""
    return {
        "name": name,
        "status": status,
        "project": str(root) if root else None,
        "project_exists": not project.gone(root) if root else None,
        "session": Project(root).session if root else None,
        "cpus": instance.cpus if instance else None,
        "memory": instance.memory if instance else None,
        "disk": instance.disk if instance else None,
        "arch": instance.arch if instance else None,
        "ssh_port": instance.ssh_port if instance and instance.running else None,
    }


def of_project(located: Located, project: Project | None) -> dict[str, Any]:
    """Return the record of a project's VM, which need not exist yet."""
    root = located.instance.project_dir if located.instance else project.root if project else None
    status = _status(located.instance) if located.instance else located.status
    return record(located.name, status, located.instance, root)


def _status(instance: Instance) -> str:
    """Lima's own status, or Paused, which Lima calls Running."""
    return PAUSED if qmp.paused(instance) else instance.state


def of_machine(instances: Instances, now: float, drift: Callable[[Instance], str]) -> list[dict[str, Any]]:
    """Return a record, with resources, of each VM that has a project or cannot be used, sorted by name.

    Other instances are not ours. ``now`` is in seconds since the epoch; ``drift`` returns what a VM needs to match its
    config.
    """
    return [
        {**record(vm.name, _status(vm), vm, vm.project_dir), **_resources(vm, now), "drift": drift(vm)}
        for vm in sorted((*instances, *instances.lost), key=lambda vm: vm.name)
        if vm.project_dir or vm.unreadable
    ]


def _resources(instance: Instance, now: float) -> dict[str, Any]:
    """The resources of a VM: bytes, seconds, an ISO time, and the host port of each declared port."""
    used = usage.of(instance)
    return {
        "created": datetime.fromtimestamp(used.created, UTC).isoformat(timespec="seconds") if used.created else None,
        "age": max(0, int(now - used.created)) if used.created else None,
        "memory_resident": used.resident,
        "disk_used": used.allocated,
        "ports": _ports(instance),
    }


def _ports(instance: Instance) -> list[dict[str, int]] | None:
    if instance.unreadable:
        return None
    try:
        declared = forwards.declared(instance.config())
    except VmError:
        return None
    return [{"guest": forward.guest, "host": forward.host} for forward in declared]


def machine_row(vm: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of one record of ``of_machine``, in the order of ``MACHINE_COLUMNS``."""
    pairs = [(port["guest"], port["host"]) for port in vm["ports"] or ()]
    return (
        vm["name"],
        vm["status"],
        _age(vm["age"]),
        str(vm["cpus"] or "-"),
        _used(vm["memory_resident"], vm["memory"]),
        _used(vm["disk_used"], vm["disk"]),
        ", ".join(str(guest) if guest == host else f"{guest}→{host}" for guest, host in pairs) or "-",
        "-" if vm["drift"] == "none" else vm["drift"],
        f"{vm['project'] or '-'}{_gone(vm)}",
    )


def _used(used: int | None, whole: int | None) -> str:
    """Return how much is used of the limit, such as `0.9/4GiB`."""
    return f"{used / 2**30:.1f}/{size(whole)}" if used is not None and whole else size(whole)


def _age(seconds: int | None) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds is not None and seconds >= length:
            return f"{seconds // length}{unit}"
    return "-" if seconds is None else f"{seconds}s"


def _gone(vm: dict[str, Any]) -> str:
    return " (gone)" if vm["project_exists"] is False else ""


def row(vm: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of one record, in the order of ``COLUMNS``."""
    return (
        vm["name"],
        vm["status"],
        str(vm["cpus"] or "-"),
        size(vm["memory"]),
        size(vm["disk"]),
        vm["session"] or "-",
        f"{vm['project'] or '-'}{_gone(vm)}",
    )


def size(count: int | None) -> str:
    """Return a number of bytes as text, such as `4GiB`."""
    if not count:
        return "-"
    return f"{count / 2**30:.4g}GiB" if count >= 2**30 else f"{count / 2**20:.3g}MiB"
