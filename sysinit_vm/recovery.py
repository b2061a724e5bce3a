"""A VM that Lima calls broken: made startable again without harming a stranger's process."""

from pathlib import Path

from sysinit_vm.limactl import Limactl
from sysinit_vm.model import Instance


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
    import psutil

    try:
        program = Path(psutil.Process(int(pid_file.read_text())).exe()).name
    except (ValueError, OSError, psutil.Error):
        return False
    return program.startswith(("limactl", "lima-driver", "qemu", "virtiofsd"))
