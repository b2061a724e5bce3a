"""What this machine is: read once per command, never written into a committed config."""

import os
from pathlib import Path

from sysinit_vm.errors import MissingError
from sysinit_vm.machine.finders import find_zellij
from sysinit_vm.machine.host import Host, find
from sysinit_vm.model import Facts
from sysinit_vm.projects import project


def gather() -> Facts:
    """Return this machine's facts."""
    import psutil

    host, ssh = Host.read(), Path.home() / ".ssh"
    return Facts(
        system=host.system,
        arch=host.arch,
        cpus=os.cpu_count() or 1,
        memory=psutil.virtual_memory().total // 2**20,
        lima_home=project.lima_home(),
        home=Path.home(),
        ssh_dir=ssh if ssh.is_dir() else None,
        can_build_image=host.system == "Linux" and find("mmdebstrap") is not None and _zellij(),
    )


def _zellij() -> bool:
    """Whether there is one for the guest. A variable that names none stops the build, which says so, and no more."""
    try:
        return find_zellij() is not None
    except MissingError:
        return True
