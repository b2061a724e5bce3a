"""What a config is judged against on this machine: its directories, and the passwords in its proxy settings."""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sysinit_vm import settings
from sysinit_vm.config import document
from sysinit_vm.errors import VmError
from sysinit_vm.executables import search_path
from sysinit_vm.lima.home import all_instance_files, lima_home
from sysinit_vm.trust import approvals
from sysinit_vm.trust.danger import Context

_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")


def here(data: Mapping[str, Any], root: Path) -> Context:
    """Return what ``data``, a config as limactl gets it, is judged against; ``root`` is the project (absolute)."""
    home = Path.home().resolve()
    own = (approvals.directory().parent, settings.user_file().parent)
    private = (*(directory.resolve() for directory in own), lima_home())
    # QEMU's virtiofs writes what it was told to only read (Lima 2.2.0, qemu.go).
    confined = not (data.get("mountType") == "virtiofs" and data.get("vmType") != "vz")
    return Context(
        root, home, lima_home(), private, confined, tuple(_proxies()), tuple(_programs(home)), tuple(_guests())
    )


def _programs(home: Path) -> Iterator[Path]:
    """Yield where the user's programs are, and what their settings are links to, as those of a dotfiles manager."""
    yield from (Path(part).resolve() for part in (sys.prefix, *search_path().split(os.pathsep)))
    for folder, pattern in ((home, ".*"), (home / ".config", "*")):
        with suppress(OSError):
            yield from (path.resolve() for path in folder.glob(pattern) if path.is_symlink())


def _guests() -> Iterator[tuple[str, Path]]:
    """Yield the directories that the guests of this machine can write, by their VMs' own configs."""
    for files in all_instance_files():
        with suppress(VmError, OSError):
            for location in _written(files.lima_yaml, files.lima_yaml.stat().st_mtime_ns):
                with suppress(OSError, RuntimeError):
                    yield files.name, Path(location).expanduser().resolve()


@cache
def _written(lima_yaml: Path, _changed: int) -> tuple[str, ...]:
    """Return what an instance's config mounts for its guest to write; a start asks for it several times."""
    mounts = document.load(lima_yaml).data.get("mounts")
    entries = [mount for mount in mounts if isinstance(mount, Mapping)] if isinstance(mounts, list) else []
    return tuple(str(mount.get("location") or "/") for mount in entries if mount.get("writable"))


def _proxies() -> Iterator[tuple[str, str]]:
    for name in (*_PROXIES, *map(str.upper, _PROXIES)):
        value = os.environ.get(name, "")
        try:
            secret = urlsplit(value).password or "@" in value
        except ValueError:
            secret = "@" in value
        if secret:
            yield name, hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()
