"""From any state to a booted VM: create, start, recover, or wait for one that boots already."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from time import sleep, time
from typing import Any

from sysinit_vm.background import repeat_every
from sysinit_vm.config import document
from sysinit_vm.effective import prepare, resolve
from sysinit_vm.errors import VmError, edit
from sysinit_vm.images import available
from sysinit_vm.lima import logs, stages
from sysinit_vm.lima.events import host_agent_ready
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import RUNNING, STOPPED, Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.locks import ports_lock
from sysinit_vm.lima.messages import Message, reason
from sysinit_vm.lima.recovery import recover
from sysinit_vm.machine import accelerator, facts
from sysinit_vm.machine.facts import Facts
from sysinit_vm.ports import forwards
from sysinit_vm.projects.locate import Located
from sysinit_vm.projects.project import Project
from sysinit_vm.runner import Result
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.vm.options import StartOptions

_LOOK = 5  # seconds between two looks at a console


def boot(lima: Limactl, found: Located, home: Project, wish: StartOptions, progress: Progress) -> None:
    """Bring a VM from any state to where its host agent calls it ready; one that does not exist is created.

    VmError with the guest's last lines where it does not come up, or where no image can be had.
    """
    instance = found.instance
    if instance is None:
        _create(lima, found.name, home, wish, progress)
        return
    if instance.status not in {RUNNING, STOPPED}:
        progress.stage(f"recovering from a crash ({instance.state})")
        recover(lima, instance)
    if instance.running:
        _await_host_agent(lima, instance, wish, progress)
        return
    from sysinit_vm.ports import host_ports

    _tell(host_ports.replace_held(lima, instance, wish.committed))
    env = _accelerate(lima, wish, facts.gather(), instance.dir / "kernel")
    done = _up(lima, instance.dir, partial(lima.start, found.name), progress, timeout=wish.timeout, env=env)
    _must_be_up(done, found.name, instance.dir)


def _create(lima: Limactl, name: str, home: Project, wish: StartOptions, progress: Progress) -> None:
    from sysinit_vm.ports import host_ports

    committed, machine = wish.committed or document.load(home.config), facts.gather()
    wanted = forwards.declared(committed)
    choice = resolve.choose_image(committed, machine)
    if choice.entry is None and choice.buildable:
        wish.build_image(available.directory(machine.lima_home), progress)
        choice = resolve.choose_image(committed, machine)
    if choice.entry is None and not choice.left_to_lima:
        raise VmError(
            f"None of the images in {home.config} can be had on this machine.",
            detail="No local image exists, none is a download for this arch, and none can be built here.",
            hint="sysinit-vm setup, then sysinit-vm build.debian",
        )
    if choice.remote:
        say("  The image is a download without Zellij; `sysinit-vm setup` gets what our own is built from.")
    env = _accelerate(lima, wish, machine, choice.kernel)
    instance_dir = lima_home() / name
    with ExitStack() as file:
        with ports_lock():  # until the file stands, where other starts see the ports
            placed = host_ports.place(lima, name, home.root, wanted, {})
            wished = prepare.prepared(committed, home, name, machine, placed.hosts)
            path = file.enter_context(prepare.config_file(name, wished, dry=lima.runner.dry))
        _tell((*wished.notes, *placed.words))
        begin = partial(lima.create, name, path)
        done = _up(lima, instance_dir, begin, progress, timeout=wish.timeout, env=env)
    removed = not done.ok and _remove_half_made(lima, name)
    hint = f"{edit(home.config)}, then sysinit-vm start" if removed else "sysinit-vm logs"
    _must_be_up(done, name, instance_dir, hint)


def _tell(words: Iterable[str]) -> None:
    for word in words:
        say(f"  {word}")


def _accelerate(lima: Limactl, wish: StartOptions, machine: Facts, kernel: Path | None) -> dict[str, str]:
    chosen = accelerator.choose(lima.runner, machine, wish.accelerator, available.kernels(machine.lima_home, kernel))
    if chosen.note:
        say(f"  {chosen.note}")
    return chosen.env


def _remove_half_made(lima: Limactl, name: str) -> bool:
    """A create that fails before the first boot leaves an instance that can never start (Lima 2.2.0)."""
    instance = lima.instance(name)
    if instance is None or (instance.dir / "ha.stderr.log").exists():
        return instance is None
    lima.delete(name)
    return True


def _up(lima: Limactl, instance_dir: Path, begin: Callable[..., Result], progress: Progress, **how: Any) -> Result:
    """Start by ``begin``. A guest whose kernel stalls as it boots never comes up: it is started once more.

    QEMU 7.2 can lose an emulated CPU's timer for good: in one of some hundred boots, where the machine is busy.
    """
    began, stalled = time(), False

    def relay(message: Message) -> None:
        stage = stages.stage(message[1])
        if stage:
            progress.stage(stage)

    def end_if_stalled() -> None:
        nonlocal stalled
        with suppress(VmError, OSError):
            if not stalled and logs.stalled(instance_dir, began):
                stalled = True
                lima.stop(instance_dir.name, force=True)

    with repeat_every(_LOOK, end_if_stalled):  # limactl would wait out its time
        done = begin(relay, **how)
    if not stalled:
        return done
    progress.stage("the guest stalled as it booted: starting it once more")
    return lima.start(instance_dir.name, relay, **how)


def _must_be_up(done: Result, name: str, instance_dir: Path, hint: str = "sysinit-vm logs") -> None:
    if done.ok:
        return
    console = logs.tail(instance_dir, 12)
    shown = f"\nThe guest's last lines:\n{console}" if console else ""
    raise VmError(f"The VM {name} did not start.", detail=reason(done.err or done.out) + shown, hint=hint)


def _await_host_agent(lima: Limactl, instance: Instance, wish: StartOptions, progress: Progress) -> None:
    """Wait for a VM that another start, perhaps an interrupted one, is still booting."""
    while (ready := host_agent_ready(instance)) is not True:
        progress.stage("waiting for the VM, which is already booting")
        still = lima.instance(instance.name)
        if ready is False or still is None or not still.running or progress.seconds > wish.timeout:
            raise VmError(
                f"The VM {instance.name} does not become ready.",
                detail=f"The guest's last lines:\n{logs.tail(instance.dir, 12)}",
                hint="sysinit-vm logs, or sysinit-vm restart",
            )
        sleep(1)
