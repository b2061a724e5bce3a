"""How a VM that Lima calls broken is made startable again, without ending processes that are not Lima's."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sysinit_vm import files
from sysinit_vm.errors import VmError, typed
from sysinit_vm.lima import events, qmp
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.instance_files import InstanceFiles
from sysinit_vm.lima.limactl import Limactl

if TYPE_CHECKING:
    import psutil

_SECONDS_TO_END = 20  # before a process that was asked to end is killed
_MOMENT = 10  # seconds
_SHUTDOWN_SECONDS = 190  # limactl and its host agent give a guest three minutes (2.2.0)
_CLOCK_SECONDS = 2  # the kernel tells in whole seconds when it booted, and processes began by that


def recover(lima: Limactl, instance: Instance) -> None:
    """End what is left of a crashed VM, so that Lima calls it Stopped.

    ``limactl stop --force`` kills whatever process has a recorded id, so a recycled id is removed first. VmError if a
    process that ran when its id was recorded is not known to be Lima's: then nothing is ended.
    """
    if lima.runner.dry:
        lima.stop(instance.name, force=True)
        return
    for path in stale_pid_files(instance.files):
        path.unlink(missing_ok=True)
    _require_own(instance.files)
    if not instance.unreadable:  # which Lima neither stops nor knows the processes of
        lima.stop(instance.name, force=True)
    end_processes(instance.files)


def shut_down(lima: Limactl, instance: Instance, stage: Callable[[str], None], *, unbooted_seconds: float = 0) -> None:
    """Let the guest of a VM that limactl cannot stop write what it has to, and shut down; tell the ``stage`` of that.

    Its host agent sees to that if it is asked to end, as by limactl; without one QEMU's monitor does. It is waited for
    as long as limactl would, and for ``unbooted_seconds`` if the guest has not booted. It may run on afterwards.
    """
    import psutil

    seconds = _SHUTDOWN_SECONDS if events.has_booted(instance) else unbooted_seconds
    processes = own_processes(instance.files)
    if lima.runner.dry or not seconds or not processes:
        return
    stage("shutting down the guest")
    agent = instance.files.host_agent_pid()
    if processes[0].pid == agent:
        with suppress(psutil.NoSuchProcess):
            processes[0].terminate()
    elif not qmp.power_down(instance):
        return
    psutil.wait_procs(processes, timeout=seconds)


def _require_own(files: InstanceFiles) -> None:
    import psutil

    own = {process.pid for process in own_processes(files)}
    for path in files.pid_files:
        pid = _recorded(path)
        if pid and pid not in own and psutil.pid_exists(pid):
            raise VmError(
                f"The VM {files.name} may still run: {path.name} records process {pid}, which is not known as Lima's.",
                detail=f"Lima would kill it. If it is none of the VM's, remove {path}.",
                hint=typed("ps", "-f", "-p", str(pid)),
            )


def end_processes(files: InstanceFiles) -> None:
    """End what the pid files of an instance record, if it is Lima's and the instance's; VmError if it does not end.

    The guest writes nothing more: see ``shut_down``.
    """
    import psutil

    for stop in (psutil.Process.terminate, psutil.Process.kill):
        processes = own_processes(files)
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                stop(process)
        psutil.wait_procs(processes, timeout=_SECONDS_TO_END)
    if left := own_processes(files):
        raise VmError(
            f"The VM {files.name} still runs.",
            detail=", ".join(f"{process.name()} (pid {process.pid})" for process in left),
            hint=typed("kill", "-9", *(str(process.pid) for process in left)),
        )


def have_ended(processes: "list[psutil.Process]") -> bool:
    """Whether ``processes``, at least one, have ended, or do so in a moment."""
    import psutil

    _, left = psutil.wait_procs(processes, timeout=_MOMENT)
    return bool(processes) and not left


def own_processes(files: InstanceFiles) -> "list[psutil.Process]":
    """Return the live processes that the pid files record and that are this instance's: they name its directory."""
    import psutil

    processes = list[psutil.Process]()
    for path in sorted(files.pid_files, key=lambda path: path.name != "ha.pid"):
        with suppress(psutil.Error):
            process = lima_process(_recorded(path) or 0)
            if process and any(f"{files.directory}/" in word for word in process.cmdline()):
                processes.append(process)
    return processes


def recycled(instance: Instance) -> bool:
    """Whether Lima calls the VM running though a recorded id is another process's now, which limactl would signal."""
    return instance.running and bool(stale_pid_files(instance.files))


def stale_pid_files(files: InstanceFiles) -> list[Path]:
    """Return the pid files of an instance whose process is gone, or whose id another process has got since."""
    own = {process.pid for process in own_processes(files)}
    return [path for path in files.pid_files if _recorded(path) not in own and not _ran_when_recorded(path)]


def _ran_when_recorded(pid_file: Path) -> bool:
    """Whether the process that has the recorded id now had it when the file was written."""
    import psutil

    try:
        process = psutil.Process(_recorded(pid_file) or 0)
        if process.pid == 0 or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.create_time() <= pid_file.stat().st_mtime + _CLOCK_SECONDS
    except psutil.AccessDenied:
        return True
    except (ValueError, OverflowError, OSError, psutil.Error):
        return False


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
        if words[-1:] == [name] and "start" in words and any(_program(word) == "limactl" for word in words):
            with suppress(psutil.Error, OSError):
                home = process.environ().get("LIMA_HOME") or Path.home() / ".lima"
                if os.path.realpath(home) == str(ours):
                    return True
    return False


def _recorded(pid_file: Path) -> int | None:
    try:
        return int(files.read_or_empty(pid_file))
    except ValueError:
        return None


def lima_process(pid: int) -> "psutil.Process | None":
    """Return the process ``pid`` if it is a host agent, QEMU or another of Lima's drivers, else None."""
    import psutil

    try:
        process = psutil.Process(pid)
        program = _program(process.exe())
    except (ValueError, OverflowError, OSError, psutil.Error):
        return None
    return process if program.startswith(("limactl", "lima-driver", "qemu", "virtiofsd")) else None


def _program(path: str) -> str:
    """Return a program's name; nix calls one that it wraps .limactl-wrapped."""
    return Path(path).name.lstrip(".").removesuffix("-wrapped")
