"""Boot a VM from any state: create, start or recover it, or wait for one that is already booting."""

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sysinit_vm.config.document import Config
from sysinit_vm.effective import prepare, resolve
from sysinit_vm.errors import VmError, edit, typed
from sysinit_vm.images import available
from sysinit_vm.lima import recovery
from sysinit_vm.lima.home import instance_files
from sysinit_vm.lima.instance import STOPPED, Instance
from sysinit_vm.lima.instance_files import InstanceFiles
from sysinit_vm.lima.judged import JudgedConfig, JudgedFile
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.locks import ports_lock
from sysinit_vm.lima.messages import Message, reason
from sysinit_vm.machine import accelerator, compile_state, facts, find_programs
from sysinit_vm.machine.facts import Facts
from sysinit_vm.machine.host import Host
from sysinit_vm.ports import forwards, host_ports, moves
from sysinit_vm.projects import committed_config
from sysinit_vm.projects.locate import Located
from sysinit_vm.projects.project import Project
from sysinit_vm.runner import Result
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.trust import approvals, gate
from sysinit_vm.vm import failed_start, new_vm, own_keys, pause, permission, power_on, waiting
from sysinit_vm.vm.options import StartOptions
from sysinit_vm.vm.stop import reminding

_EXISTS = "already exists"  # why `limactl create` makes no instance of a name that one has (2.2.0)


def boot(lima: Limactl, located: Located, project: Project, options: StartOptions, progress: Progress) -> bool:
    """Boot a VM, whatever its state, until its host agent reports it as ready; create it if it does not exist.

    Return whether it booted meanwhile. VmError if it does not come up, with the guest's last lines, or if there is no
    image.
    """
    instance = waiting.after_killed_start(lima, located.instance, options, progress)
    if instance is None:
        _create(lima, located.name, project, options, progress)
        return True
    _require_mounts(instance)
    if instance.running:
        pause.go_on(lima, instance)
        own_keys.leave_out(lima, instance)
        waiting.await_host_agent(lima, instance, options, progress)
        return instance is not located.instance
    if instance.status != STOPPED:
        progress.stage(f"recovering from a crash ({instance.state})")
        pause.go_on(lima, instance)
        with reminding(progress):
            recovery.shut_down(lima, instance, progress.stage)
        recovery.recover(lima, instance)
        instance = lima.instance(instance.name)  # what it will mount may be another directory by now
        if instance is None or instance.unreadable:
            raise VmError(
                f"The VM {located.name} cannot be started as it is.",
                detail="What is left of it after the crash cannot be read.",
                hint="sysinit-vm doctor",
            )
    elif recovery.copy_again(instance):
        say("  An earlier start was killed while it copied the image: copying it again.")
    instance = own_keys.leave_out(lima, instance)
    edited = partial(permission.edited, ports_moved=True, ask=False)
    _tell(host_ports.replace_held(lima, instance, options.committed, edited))
    env = _accelerate(lima, options, facts.gather(), instance.dir / "kernel")
    power_on.require_own_data(instance)
    judged = gate.passed_instance(instance, ask=False)
    done = power_on.up(
        lima, instance.files, partial(power_on.start, lima, judged), progress, timeout=options.timeout, env=env
    )
    failed_start.require_up(done, instance.files)
    return True


def _create(lima: Limactl, name: str, project: Project, options: StartOptions, progress: Progress) -> None:
    _require_room_for(instance_files(name))
    committed, machine = options.committed or committed_config.load(project), facts.gather()
    declared = forwards.declared(committed)
    choice = new_vm.image(lima, name, project, options, progress, committed=committed, machine=machine)
    if choice.remote and not _has_zellij(committed, machine):
        say("  The image is a download without Zellij, and this machine has none to install there: sysinit-vm setup")
    env = _accelerate(lima, options, machine, choice.kernel)
    files = instance_files(name)
    with ExitStack() as file:
        with ports_lock():  # until the file exists, in which other starts see the ports
            placed = host_ports.place(name, project.root, declared, {})
            wanted = prepare.prepared(committed, project, name, machine, placed.hosts)
            resolve.require_mountable(committed, wanted, machine)
            judged = permission.judged(committed, project, name, wanted.data)
            written = file.enter_context(prepare.config_file(judged, dry=lima.runner.dry))
        _tell((*wanted.notes, *placed.words))
        begin = partial(_create_and_start, lima, written, judged, project)
        file.callback(moves.remember, files.directory, declared, placed.hosts, {})
        done = power_on.up(lima, files, begin, progress, timeout=options.timeout, env=env)
    removed = not done.ok and _remove_half_made(lima, name)
    hint = f"{edit(project.config)}, then sysinit-vm start" if removed else "sysinit-vm logs"
    failed_start.require_up(done, files, hint)


def _create_and_start(
    lima: Limactl,
    written: JudgedFile,
    judged: JudgedConfig,
    project: Project,
    relay: Callable[[Message], None],
    **how: Any,
) -> tuple[Result, Path | None]:
    """Create a VM, and ``start`` it if Lima has made of its config what was allowed."""
    its = instance_files(written.name)
    _require_room_for(its)  # again: an image may have been built for minutes
    done = lima.create(written, relay, env=how["env"])
    if not done.ok:
        if _EXISTS in reason(done.err):
            raise _came_meanwhile(its)
        return done, None
    dry = lima.runner.dry
    instance = judged.instance if dry else permission.created(lima, written.name, project.config)
    return power_on.start(lima, instance, relay, **how)


def _has_zellij(committed: Config, machine: Facts) -> bool:
    """Whether this machine has a Zellij for the guest, or a variable that names none, of which is told later.

    Of one that is being compiled is told then, too.
    """
    with suppress(VmError):
        return (
            compile_state.is_running(Host.read())
            or find_programs.find_zellij_for(str(committed.data.get("arch") or machine.arch)) is not None
        )
    return True


def _tell(notes: Iterable[str]) -> None:
    for note in notes:
        say(f"  {note}")


def _accelerate(lima: Limactl, options: StartOptions, machine: Facts, kernel: Path | None) -> dict[str, str]:
    chosen = accelerator.choose(lima.runner, machine, options.accelerator, available.kernels(machine.lima_home, kernel))
    if chosen.note:
        say(f"  {chosen.note}")
    return chosen.env


def _remove_half_made(lima: Limactl, name: str) -> bool:
    """Delete what a failed creation left: before its first boot, an instance can never start (Lima 2.2.0)."""
    instance = lima.instance(name)
    if instance is None or instance.files.host_agent_log.exists():
        return instance is None
    lima.delete(name)
    approvals.forget(instance.dir)
    return True


def _require_room_for(files: InstanceFiles) -> None:
    if os.path.isdir(files.directory) and not files.directory.is_symlink():  # noqa: PTH112  # is_dir raises
        raise _came_meanwhile(files)
    if os.path.lexists(files.directory):
        raise VmError(
            f"The VM {files.name} cannot be made: its place is taken.",
            detail=f"{files.directory} is a file or a link, and no VM of Lima's.",
            hint=typed("mv", files.directory, Path.home()),
        )


def _came_meanwhile(files: InstanceFiles) -> VmError:
    """Return the error for a VM of the name that this start did not make: one that was put back from a backup, say."""
    return VmError(
        f"The VM {files.name} is there by now: this start has not made it.",
        detail=f"{files.directory} came while it prepared, and was left as it is.",
        hint=typed("sysinit-vm", "status", "--name", files.name),
    )


def _require_mounts(instance: Instance) -> None:
    if instance.filled.get("plain") is True:
        raise VmError(
            f"The VM {instance.name} cannot have its project: its config says plain: true.",
            detail="Lima mounts nothing in such a VM.",
            hint="sysinit-vm apply, once .lima/config.yaml has no plain: true",
        )
