"""What a config is judged against on this machine: its directories, and the passwords in its proxy settings."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sysinit_vm.lima.home import lima_home
from sysinit_vm.trust import approvals
from sysinit_vm.trust.danger import Context

_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")


def here(data: Mapping[str, Any], root: Path) -> Context:
    """Return what ``data``, a config as limactl gets it, is judged against; ``root`` is the project (absolute)."""
    home = Path.home().resolve()
    private = (approvals.directory().resolve(), lima_home())
    # QEMU's virtiofs writes what it was told to only read (Lima 2.2.0, qemu.go).
    confined = not (data.get("mountType") == "virtiofs" and data.get("vmType") != "vz")
    return Context(root, home, lima_home(), private, confined, tuple(_proxies()))


def _proxies() -> Iterator[tuple[str, str]]:
    for name in (*_PROXIES, *map(str.upper, _PROXIES)):
        value = os.environ.get(name, "")
        try:
            secret = urlsplit(value).password or "@" in value
        except ValueError:
            secret = "@" in value
        if secret:
            yield name, hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()
