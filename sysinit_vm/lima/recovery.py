"""A VM that Lima calls broken: made startable again without harming a stranger's process."""

from pathlib import Path
from typing import TYPE_CHECKING

from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl

if TYPE_CHECKING:
    import psutil


def recover(lima: Limactl, instance: Instance) -> None:
    """End what is left of a crashed VM, so that it is Stopped.

    ``limactl stop --force`` kills whatever process has the recorded ids, so a recycled id is dropped first.
    """
    for path in instance.dir.glob("*.pid"):
        if not is_limas(path):
            path.unlink(missing_ok=True)
    lima.stop(instance.name, force=True)


def is_limas(pid_file: Path) -> bool:
    """Whether the process of a pid file is a host agent, QEMU or another driver of Lima's."""
    try:
        return process(int(pid_file.read_text())) is not None
    except (ValueError, OSError):
        return False


def process(pid: int) -> "psutil.Process | None":
    """Return the process ``pid`` if it is a host agent, QEMU or another driver of Lima's, None otherwise."""
    import psutil

    try:
        found = psutil.Process(pid)
        program = Path(found.exe()).name
    except (ValueError, OverflowError, OSError, psutil.Error):
        return None
    return found if program.startswith(("limactl", "lima-driver", "qemu", "virtiofsd")) else None
