"""What ``status`` and ``list`` show: rows for people, records for scripts. Pure."""

from pathlib import Path
from typing import Any

from sysinit_vm.locate import Located
from sysinit_vm.model import Instance
from sysinit_vm.project import Project

COLUMNS = ("NAME", "STATUS", "CPUS", "MEMORY", "DISK", "SESSION", "PROJECT")


def record(name: str, status: str, instance: Instance | None, root: Path | None) -> dict[str, Any]:
    """Return the versioned form of one VM: sizes in bytes, ``project`` absolute, null for what is not there."""
    return {
        "name": name,
        "status": status,
        "project": str(root) if root else None,
        "project_exists": root.is_dir() if root else None,
        "session": Project(root).session if root else None,
        "cpus": instance.cpus if instance else None,
        "memory": instance.memory if instance else None,
        "disk": instance.disk if instance else None,
        "arch": instance.arch if instance else None,
        "ssh_port": instance.ssh_port if instance and instance.running else None,
    }


def of_project(found: Located, home: Project | None) -> dict[str, Any]:
    """Return the record of a project's VM, which need not exist yet."""
    root = found.instance.project_dir if found.instance else home.root if home else None
    return record(found.name, found.status, found.instance, root)


def of_machine(instances: list[Instance]) -> list[dict[str, Any]]:
    """Return the records of every project VM, by name, and of those that cannot be read.

    Instances without a project are Lima's own affair.
    """
    mine = [each for each in instances if each.project_dir or each.unreadable]
    return [record(each.name, each.state, each, each.project_dir) for each in mine]


def row(of: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of one record, in the order of ``COLUMNS``."""
    gone = " (gone)" if of["project_exists"] is False else ""
    return (
        of["name"],
        of["status"],
        str(of["cpus"] or "-"),
        _size(of["memory"]),
        _size(of["disk"]),
        of["session"] or "-",
        f"{of['project'] or '-'}{gone}",
    )


def _size(count: int | None) -> str:
    return f"{count / 2**30:.4g}GiB" if count else "-"
