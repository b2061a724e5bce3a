"""The processes of the VM, and what is recorded of them."""

import os
import signal
import socket

import psutil

from tests.faults.case import Case
from tests.faults.registry import row

EVERY = (("status",), ("list",), ("doctor",), ("doctor", "--fix"), ("stop", "--force"), ("start", "--timeout", "1"))


def every_command(case: Case) -> None:
    """Type each command that may meet the fault, and destroy at last: each ends, and says what is up."""
    for words in EVERY:
        case.run(*words)
        case.stranger_lives()
    case.run("destroy", "--yes", ends=0)
    case.gone()


def recorded(case: Case, name: str, text: str) -> None:
    """Let a pid file of a stopped VM have any text, since before the processes of this run began."""
    pid_file = case.stopped() / f"{name}.pid"
    pid_file.write_text(text)
    os.utime(pid_file, (0, 0))
    every_command(case)


@row("start, stop, destroy")
def host_agent_pid_recycled(case: Case) -> None:
    """ha.pid has the id of another process"""
    recorded(case, "ha", f"{case.place.stranger.pid}\n")


@row("start, stop, destroy")
def qemu_pid_recycled(case: Case) -> None:
    """qemu.pid has the id of another process"""
    recorded(case, "qemu", f"{case.place.stranger.pid}\n")


@row("start, stop, destroy")
def host_agent_pid_stale(case: Case) -> None:
    """ha.pid has the id of no process"""
    recorded(case, "ha", "4194000\n")


@row("start, stop, destroy")
def host_agent_pid_is_no_number(case: Case) -> None:
    """ha.pid has no number"""
    recorded(case, "ha", "\0garbage\n")


@row("stop, destroy")
def running_vm_with_a_recycled_host_agent_pid(case: Case) -> None:
    """ha.pid of a running VM has the id of another process"""
    pid_file = case.booting() / "ha.pid"
    pid_file.write_text(f"{case.place.stranger.pid}\n")
    os.utime(pid_file, (0, 0))  # before the stranger began, or its id would not be recycled
    for words in EVERY[:-1]:
        if "--fix" not in words:  # stop has to see it by itself
            case.run(*words)
            case.stranger_lives()
    case.run("destroy", "--yes", ends=0)
    case.gone()
    nothing_runs(case)


def nothing_runs(case: Case) -> None:
    """No process of the VM is left."""
    left = [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any(f"{case.directory}/" in word for word in process.info["cmdline"] or [])
    ]
    assert not left, f"left running: {left}"
    case.survived.append("no orphan")


@row("start")
def host_agent_killed(case: Case) -> None:
    """SIGKILL of the host agent"""
    case.booting()
    disk = case.directory / "disk"
    case.end("ha")
    case.run("status", ends=0, says=case.name)
    case.run("doctor", says="sysinit-vm (start|doctor --fix)")
    case.run("start", "--timeout", "2", ends=1, says="did not start")
    assert disk.exists()
    case.run("destroy", "--yes", ends=0)
    case.gone()
    nothing_runs(case)


@row("start")
def qemu_killed(case: Case) -> None:
    """SIGKILL of QEMU"""
    case.booting()
    case.end("qemu")
    case.run("status", ends=0, says=case.name)
    case.run("doctor", says="sysinit-vm (start|restart|doctor --fix)")
    case.run("start", "--timeout", "2", ends=1, says="did not start")
    case.run("destroy", "--yes", ends=0)
    case.gone()
    nothing_runs(case)


@row("stop")
def host_agent_and_qemu_killed(case: Case) -> None:
    """SIGKILL of the host agent and QEMU, as by a lack of memory"""
    case.booting()
    case.end("ha")
    case.end("qemu")
    case.run("stop", ends=0)
    case.run("status", ends=0, says="Stopped")
    case.run("start", "--timeout", "1", ends=1, says="did not start")
    case.survived.append("the disk")


def dead_socket(case: Case, name: str) -> None:
    """Leave a socket on which nobody listens."""
    path = case.stopped() / name
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as ended:
        ended.bind(str(path))
    case.run("doctor", says="dead sockets")
    case.run("start", "--timeout", "1", ends=1, says="did not start")
    case.run("destroy", "--yes", ends=0)
    case.gone()


@row("start")
def ssh_socket_dead(case: Case) -> None:
    """Nobody listens on ssh.sock"""
    dead_socket(case, "ssh.sock")


@row("start")
def host_agent_socket_dead(case: Case) -> None:
    """Nobody listens on ha.sock"""
    dead_socket(case, "ha.sock")


@row("doctor, exec, destroy")
def qemu_stands_still(case: Case) -> None:
    """SIGSTOP of QEMU"""
    case.booting()
    os.kill(case.pid("qemu"), signal.SIGSTOP)
    for words in (("status",), ("doctor",), ("exec", "true")):
        case.run(*words, limit=60)
    case.run("destroy", "--yes", ends=0, limit=100)
    case.gone()
    nothing_runs(case)


@row("doctor, exec, destroy")
def host_agent_stands_still(case: Case) -> None:
    """SIGSTOP of the host agent"""
    case.booting()
    os.kill(case.pid("ha"), signal.SIGSTOP)
    for words in (("status",), ("doctor",), ("exec", "true")):
        case.run(*words, limit=60)
    case.run("destroy", "--yes", ends=0, limit=100)
    case.gone()
    nothing_runs(case)


@row("status, stop")
def host_sleeps(case: Case) -> None:
    """SIGSTOP and SIGCONT of the host agent and QEMU, as when the host sleeps"""
    case.booting()
    pids = (case.pid("ha"), case.pid("qemu"))
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in pids:
            os.kill(pid, number)
    case.run("status", ends=0, says="Running")
    case.run("stop", "--force", ends=0)
    case.survived.append("the disk")
