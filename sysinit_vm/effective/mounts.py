"""What a config's mounts become on this machine. Pure, but for looking whether host directories exist."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sysinit_vm.effective.host_paths import HostPaths
from sysinit_vm.host_path import resolved
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
    host_paths: HostPaths,
    *,
    committed_dir: Any = None,
    git_dir: Path | None = None,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return ``mounts`` as limactl is given them, the project's own among the last, and notes for the user.

    ``committed`` are the config's mounts, ``committed_dir`` is the project's directory as the config gives it, and
    ``git_dir`` (absolute) what a git worktree shares with its repository. Locations become absolute, with links
    resolved, so that what is judged is what is mounted. A mount whose directory this host lacks is left out, because
    Lima would create the directory.
    """
    mounts, notes, project_mount = list[Mount](), list[str](), _WRITABLE
    for mount in committed:
        location = str(mount.get("location") or "")
        directory = project.root if location == committed_dir else host_paths.absolute(location, project.root)
        if resolved(directory) == project.root:
            project_mount = mount
        elif directory == facts.home / ".ssh" and facts.ssh_dir is None:
            continue
        elif directory == facts.ssh_dir and not mount.get("writable"):
            mounts.append(_at({"mountPoint": KEYS, **mount}, directory))  # no ssh looked where the original's lands
        elif directory == facts.ssh_dir or directory.is_dir():
            mounts.append(_at(mount, directory))
        else:
            notes.append(f"mounts: {directory} {_why_not(directory)} It is left out.")
    mounts.append({**project_mount, "location": str(project.root), "mountPoint": mount_point(project.root)})
    return [*map(_with_fresh_cache, mounts), *_git_mount(git_dir, mounts)], notes


def _why_not(directory: Path) -> str:
    """Return why what is no ``directory`` is not mounted. Lima would make one that is missing (2.2.0)."""
    if not os.path.exists(directory):  # noqa: PTH110  # Path.exists raises in a closed directory
        return "does not exist here."
    return "is not a directory, and Lima mounts nothing else: copy it (sysinit-vm copy), or mount one that holds it."


def _git_mount(git_dir: Path | None, others: Sequence[Mount]) -> list[dict[str, Any]]:
    """What a worktree shares with its repository, at the host's own path, because git records absolute paths."""
    if git_dir is None or any(mount.get("location") == str(git_dir) for mount in others):
        return []
    return [{**_WRITABLE, "location": str(git_dir), "mountPoint": mount_point(git_dir, GIT_SIDE_MOUNT)}]


def _with_fresh_cache(mount: Mount) -> dict[str, Any]:
    """Lima's default for a read-only mount (fscache) keeps what it once read, so the guest misses the host's edits."""
    stated = mount.get("9p") or {}
    return {**mount, "9p": {"cache": "mmap", **stated}} if isinstance(stated, Mapping) else dict(mount)


def _at(mount: Mount, directory: Path) -> dict[str, Any]:
    """Return ``mount`` with ``directory`` as its location, links resolved; its place in the guest stays the same."""
    real = resolved(directory)
    here = {} if real == directory or "mountPoint" in mount else {"mountPoint": str(directory)}
    return {**mount, **here, "location": str(real)}
