"""What this machine is: read once per command, never written into a committed config."""

import os
import platform
import shutil
from pathlib import Path

from sysinit_vm import project
from sysinit_vm.model import Facts

_ARCH = {"amd64": "x86_64", "arm64": "aarch64"}


def gather() -> Facts:
    """Return this machine's facts; starts no process."""
    import psutil

    machine = platform.machine().lower()
    ssh = Path.home() / ".ssh"
    system = platform.system()
    return Facts(
        system=system,
        arch=_ARCH.get(machine, machine),
        cpus=os.cpu_count() or 1,
        memory=psutil.virtual_memory().total // 2**20,
        lima_home=project.lima_home(),
        home=Path.home(),
        ssh_dir=ssh if ssh.is_dir() else None,
        can_build_image=system == "Linux" and shutil.which("mmdebstrap") is not None,
    )
