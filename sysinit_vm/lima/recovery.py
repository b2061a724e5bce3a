"""How a VM that Lima calls broken is made startable again, without ending processes that are not Lima's."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl

if TYPE_CHECKING:
    import psutil


def recover(lima: Limactl, instance: Instance) -> None:
    """End what is left of a crashed VM, so that Lima calls it Stopped.

    ``limactl stop --force`` kills whatever process has a recorded id, so a recycled id is removed first.
    """
    for path in instance.files.pid_files:
        if not is_lima_process(path):
            path.unlink(missing_ok=True)
    lima.stop(instance.name, force=True)


def copy_again(instance: Instance) -> bool:
    """Let Lima copy the image anew if it was killed while it did; return whether it was."""
    paths = instance.files.image_in_part
    for path in paths:  # the image last: without it the rest is copied again too
        path.unlink()
    return bool(paths)


def starting(name: str) -> bool:
    """Whether a limactl still starts the instance ``name`` of our LIMA_HOME: it outlives a killed sysinit-vm."""
    import psutil

    ours = lima_home()
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if words[-1:] == [name] and "start" in words and any(Path(word).name == "limactl" for word in words):
            with suppress(psutil.Error, OSError):
                home = process.environ().get("LIMA_HOME") or Path.home() / ".lima"
                if Path(home).resolve() == ours:
                    return True
    return False


def is_lima_process(pid_file: Path) -> bool:
    """Whether the process that a pid file records is a host agent, QEMU or another of Lima's drivers."""
    try:
        return lima_process(int(pid_file.read_text())) is not None
    except (ValueError, OSError):
        return False


def lima_process(pid: int) -> "psutil.Process | None":
    """Return the process ``pid`` if it is a host agent, QEMU or another of Lima's drivers, else None."""
    import psutil

    try:
        process = psutil.Process(pid)
        program = Path(process.exe()).name
    except (ValueError, OverflowError, OSError, psutil.Error):
        return None
    return process if program.startswith(("limactl", "lima-driver", "qemu", "virtiofsd")) else None
