"""What a config's mounts become on this machine. Pure, but for looking whether host directories exist."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sysinit_vm.machine.facts import Facts
from sysinit_vm.projects.project import Project

Mount = Mapping[str, Any]
# Where the project is mounted first if Lima's generated user-data cannot carry its path: `[`, ` #`, `: ` and spaces
# break the line that Lima writes there unquoted (2.2.0). The guest's setup then binds it to its place.
SIDE_MOUNT = "/mnt/sysinit-project"
GIT_SIDE_MOUNT = "/mnt/sysinit-git"
KEYS = "/mnt/host-ssh"  # where the guest's setup looks for the host's ~/.ssh
_WRITABLE: Mount = {"writable": True, "9p": {"securityModel": "none", "cache": "mmap"}}
_PLAIN_PATH = re.compile(r"/[\w./+@=~-]*\Z")


def mount_point(directory: Path, side_mount: str = SIDE_MOUNT) -> str:
    """Return where Lima mounts a host ``directory``: its own path, or ``side_mount`` if Lima cannot carry that."""
    return str(directory) if _PLAIN_PATH.match(str(directory)) else side_mount


def effective_mounts(
    committed: Sequence[Mount],
    project: Project,
    facts: Facts,
    *,
    committed_dir: Any = None,
    git_dir: Path | None = None,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return ``mounts`` as limactl is given them, the project's own among the last, and notes for the user.

    ``committed`` are the config's mounts, ``committed_dir`` is the project's directory as the config gives it, and
    ``git_dir`` (absolute) what a git worktree shares with its repository. A mount whose directory this host lacks is
    left out, because Lima would create the directory.
    """
    mounts, notes, project_mount = list[Mount](), list[str](), _WRITABLE
    for mount in committed:
        location = str(mount.get("location", ""))
        directory = _host_directory(location, committed_dir, project, facts)
        if directory == project.root:
            project_mount = mount
        elif directory == facts.home / ".ssh" and facts.ssh_dir is None:
            continue
        elif directory == facts.ssh_dir and directory is not None and not mount.get("writable"):
            mounts.append({"mountPoint": KEYS, **mount})  # the original's has no mountPoint, so no ssh looked there
        elif directory is None or directory == facts.ssh_dir or directory.is_dir():
            absolute = directory is None or location.startswith(("/", "~/"))
            mounts.append(mount if absolute else {**mount, "location": str(directory)})
        else:
            notes.append(f"mounts: {directory} does not exist here and is left out.")
    mounts.append({**project_mount, "location": str(project.root), "mountPoint": mount_point(project.root)})
    return [*map(_with_fresh_cache, mounts), *_git_mount(git_dir, mounts)], notes


def _git_mount(git_dir: Path | None, others: Sequence[Mount]) -> list[dict[str, Any]]:
    """What a worktree shares with its repository, at the host's own path, because git records absolute paths."""
    if git_dir is None or any(mount.get("location") == str(git_dir) for mount in others):
        return []
    return [{**_WRITABLE, "location": str(git_dir), "mountPoint": mount_point(git_dir, GIT_SIDE_MOUNT)}]


def _with_fresh_cache(mount: Mount) -> dict[str, Any]:
    """Lima's default for a read-only mount (fscache) keeps what it once read, so the guest misses the host's edits."""
    stated = mount.get("9p") or {}
    return {**mount, "9p": {"cache": "mmap", **stated}} if isinstance(stated, Mapping) else dict(mount)


def _host_directory(location: str, committed_dir: Any, project: Project, facts: Facts) -> Path | None:
    """Return the host directory that a mount means; None if only Lima can tell, or refuses it."""
    if location in {"{{.Param.PROJECT_DIR}}", committed_dir}:
        return project.root
    if "{{" in location or not location:
        return None
    relative = facts.home / location[2:] if location.startswith("~/") else Path(location)
    directory = project.root / relative
    return project.root if directory.resolve() == project.root else directory
