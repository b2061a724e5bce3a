"""The project's VM: what a crash, a full disk or a sleeping host leaves."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from sysinit_vm.background import repeat_every
from sysinit_vm.doctor.finding import NOTE, OK, WRONG, Finding, wrong
from sysinit_vm.drift import compare
from sysinit_vm.drift.plan import NONE, RECREATE
from sysinit_vm.errors import VmError, typed
from sysinit_vm.guest import checks
from sysinit_vm.lima import qmp, recovery
from sysinit_vm.lima.events import host_agent_ready
from sysinit_vm.lima.instance import STOPPED, Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import facts
from sysinit_vm.ports import portlist
from sysinit_vm.projects import locate, repository
from sysinit_vm.projects.locate import Located
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal.console import say
from sysinit_vm.vm import restore

AREA = "VM"
_FULL = 90  # percent
_SKEW, _BEAT = 5, 8  # seconds


def examine(lima: Limactl, instance: Instance) -> Iterator[Finding]:
    """Yield what is wrong with ``instance``, and what was looked at and is right."""
    paused = qmp.paused(instance)
    yield _state(lima, instance, paused=paused)
    yield from _left_behind(instance)
    if not instance.unreadable:
        yield from _drift(instance)
    if instance.running and host_agent_ready(instance) and not paused:
        yield from _guest(lima, instance)


def _state(lima: Limactl, instance: Instance, *, paused: bool) -> Finding:
    """What Lima says of it, and what its host agent says."""
    if instance.unreadable:
        found = wrong(AREA, "state", locate.unreadable(instance))
        return replace(found, fix=partial(restore.restore, lima, instance.name) if restore.is_safe(instance) else None)
    if paused:
        return Finding(AREA, "state", WRONG, "paused: the disk of this machine is full", "sysinit-vm start")
    if instance.running:
        ready = host_agent_ready(instance)
        if ready is False:
            return Finding(AREA, "state", WRONG, "Running, but the host agent has given up", "sysinit-vm restart")
        return Finding(AREA, "state", OK if ready else NOTE, "Running" if ready else "Running, still booting")
    if instance.status == STOPPED:
        if any(map(_refuses, instance.files.sockets)):
            text = "Stopped: its host agent or QEMU was killed, and the next start recovers it"
            return Finding(AREA, "state", NOTE, text, "sysinit-vm start")
        return Finding(AREA, "state", OK, STOPPED)
    return Finding(AREA, "state", WRONG, f"{instance.state}: its host agent or QEMU died", "sysinit-vm start")


def _left_behind(instance: Instance) -> Iterator[Finding]:
    """Files of processes that no longer exist. limactl would kill whatever has a recorded id now (2.2.0)."""
    stale = recovery.stale_pid_files(instance.files)
    dead = [path for path in instance.files.sockets if _refuses(path)]
    for kind, paths in (("stale pids", stale), ("dead sockets", dead)):
        if paths:
            text = ", ".join(path.name for path in paths)
            yield Finding(AREA, kind, WRONG, text, "sysinit-vm doctor --fix", partial(_remove, paths))
        else:
            yield Finding(AREA, kind, OK, "none")


def _refuses(path: Path) -> bool:
    """Whether nobody listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def _remove(paths: list[Path]) -> None:
    """Remove all that can be; VmError names the rest."""
    refused = list[str]()
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            refused.append(f"{path}: {error.strerror}")
    if refused:
        hint = typed("ls", "-l", paths[0].parent)
        raise VmError("Not everything could be removed.", detail="\n".join(refused), hint=hint)


def _drift(instance: Instance) -> Iterator[Finding]:
    """Whether the VM is what its project's config says now; nothing if that cannot be told."""
    needs = compare.summary(instance, facts.gather())
    if needs == NONE:
        yield Finding(AREA, "drift", OK, "none: the VM is what its config says")
    elif needs != compare.UNKNOWN:
        hint = "sysinit-vm plan, then sysinit-vm apply" + (" --recreate" if needs == RECREATE else "")
        yield Finding(AREA, "drift", NOTE, f"the config has changed since, and needs: {needs}", hint)


def _guest(lima: Limactl, instance: Instance) -> Iterator[Finding]:
    try:
        with repeat_every(_BEAT, partial(say, f"  The guest of {instance.name} has not answered yet.")):
            vitals = checks.vitals(lima, instance.name)
    except VmError as error:
        yield replace(wrong(AREA, "guest", error), hint="sysinit-vm restart")
        return
    yield _full("guest disk", vitals.disk_percent)
    yield _full("guest inodes", vitals.inode_percent)
    skew = round(vitals.time - time.time())
    if abs(skew) > _SKEW:
        fix = partial(checks.set_clock, lima, instance.name)
        yield Finding(AREA, "clock", WRONG, f"{skew:+d} seconds off this machine's", "sysinit-vm doctor --fix", fix)
    else:
        yield Finding(AREA, "clock", OK, "agrees with this machine's")
    yield from _ports(lima, instance)
    if instance.project_dir and instance.project_dir.is_dir():
        yield from _work(lima, instance, Project(instance.project_dir))


def _ports(lima: Limactl, instance: Instance) -> Iterator[Finding]:
    """Declared ports are guaranteed; of the others only those count whose host port somebody else has."""
    try:
        ports = portlist.of_vm(lima, Located(instance.name, instance), None)
    except VmError as error:
        yield replace(wrong(AREA, "ports", error), level=NOTE, hint="sysinit-vm logs")
        return
    lost = [port for port in ports if port.lost]
    for port in lost:
        level, hint = (WRONG, "sysinit-vm restart") if port.declared else (NOTE, "sysinit-vm ports")
        yield Finding(AREA, f"port {port.guest}", level, port.state, hint)
    if not lost:
        yield Finding(AREA, "ports", OK, "each that listens is reached" if ports else "none")


def _full(subject: str, percent: int) -> Finding:
    if percent >= _FULL:
        return Finding(AREA, subject, WRONG, f"{percent}% used", "sysinit-vm exec 'du -xh / | sort -h | tail'")
    return Finding(AREA, subject, OK, f"{percent}% used")


def _work(lima: Limactl, instance: Instance, project: Project) -> Iterator[Finding]:
    """The mount, the session tool, and how provisioning ended."""
    try:
        report = checks.readiness(lima, instance.name, project, writable=instance.project_writable)
    except VmError as error:
        yield Finding(AREA, "guest", WRONG, error.brief, error.hint)
        return
    problem = report.mount_problem or "a file of the host was not seen in the guest"
    yield (
        Finding(AREA, "mount", OK, f"{project.root}" + (", read-only" if report.read_only else ""))
        if report.mounted
        else Finding(AREA, "mount", WRONG, problem, "sysinit-vm restart")
    )
    if report.failed_scripts:
        text = "; ".join(report.failed_scripts)
        yield Finding(AREA, "provisioning", WRONG, text, "sysinit-vm logs --source provision")
    else:
        yield Finding(AREA, "provisioning", OK, "no script failed")
    if report.git_problem:
        yield Finding(AREA, "git", NOTE, report.git_problem, repository.advice(project.root, report.git_problem))
    if report.ssh_left_out:
        text = f"the guest's ssh does not know, and leaves out: {'; '.join(report.ssh_left_out)}"
        yield Finding(AREA, "ssh", NOTE, text)
    if not report.session_tool:
        text = "Zellij is not installed in this guest: start installs it, or says why not"
        yield Finding(AREA, "session", NOTE, text, "sysinit-vm start")
