"""From any state to a booted VM: create, start, recover, or wait for one that boots already."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import sleep, time
from typing import Any

from sysinit_vm import logs
from sysinit_vm.config import config
from sysinit_vm.config.config import Config
from sysinit_vm.effective import effective, facts, given
from sysinit_vm.errors import VmError, edit
from sysinit_vm.images.available import directory
from sysinit_vm.lima import accelerator, limactl, stages
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.recovery import recover
from sysinit_vm.meanwhile import meanwhile
from sysinit_vm.model import RUNNING, STOPPED, Facts, Instance
from sysinit_vm.ports import forwards
from sysinit_vm.progress import Progress, say
from sysinit_vm.projects import project
from sysinit_vm.projects.locate import Located
from sysinit_vm.projects.project import Project
from sysinit_vm.runner import Result

_LOOK = 5  # seconds between two looks at a console


@dataclass(frozen=True)
class Wish:
    """How a start is wished: ``timeout`` in seconds; ``build_image`` builds our image into a directory.

    ``committed`` is the project's config, read once a command; None where only a name was given.
    """

    timeout: int
    accelerator: str
    build_image: Callable[[Path, Progress], Path]
    committed: Config | None = None


def boot(lima: Limactl, found: Located, home: Project, wish: Wish, progress: Progress) -> None:
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
    from sysinit_vm.ports import hostports

    _tell(hostports.replace_held(lima, instance, wish.committed))
    env = _accelerate(lima, wish, facts.gather(), instance.dir / "kernel")
    done = _up(lima, instance.dir, partial(lima.start, found.name), progress, timeout=wish.timeout, env=env)
    _must_be_up(done, found.name, instance.dir)


def _create(lima: Limactl, name: str, home: Project, wish: Wish, progress: Progress) -> None:
    from sysinit_vm.ports import hostports

    committed, machine = wish.committed or config.load(home.config), facts.gather()
    wanted = forwards.declared(committed)
    choice = effective.choose_image(committed, machine)
    if choice.entry is None and choice.buildable:
        wish.build_image(directory(machine.lima_home), progress)
        choice = effective.choose_image(committed, machine)
    if choice.entry is None and not choice.left_to_lima:
        raise VmError(
            f"None of the images in {home.config} can be had on this machine.",
            detail="No local image exists, none is a download for this arch, and none can be built here.",
            hint="sysinit-vm setup, then sysinit-vm build.debian",
        )
    if choice.remote:
        say("  The image is a download without Zellij; `sysinit-vm setup` gets what our own is built from.")
    env = _accelerate(lima, wish, machine, choice.kernel)
    instance_dir = project.lima_home() / name
    with ExitStack() as file:
        with hostports.alone():  # until the file stands, where other starts see the ports
            placed = hostports.place(lima, name, home.root, wanted, {})
            wished = given.work_out(committed, home, name, machine, placed.hosts)
            path = file.enter_context(given.written(name, wished, dry=lima.runner.dry))
        _tell((*wished.words, *placed.words))
        begin = partial(lima.create, name, path)
        done = _up(lima, instance_dir, begin, progress, timeout=wish.timeout, env=env)
    removed = not done.ok and _remove_half_made(lima, name)
    hint = f"{edit(home.config)}, then sysinit-vm start" if removed else "sysinit-vm logs"
    _must_be_up(done, name, instance_dir, hint)


def _tell(words: Iterable[str]) -> None:
    for word in words:
        say(f"  {word}")


def _accelerate(lima: Limactl, wish: Wish, machine: Facts, kernel: Path | None) -> dict[str, str]:
    chosen = accelerator.choose(lima.runner, machine, wish.accelerator, kernel)
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

    def relay(message: limactl.Message) -> None:
        stage = stages.stage(message[1])
        if stage:
            progress.stage(stage)

    def end_if_stalled() -> None:
        nonlocal stalled
        with suppress(VmError, OSError):
            if not stalled and logs.stalled(instance_dir, began):
                stalled = True
                lima.stop(instance_dir.name, force=True)

    with meanwhile(_LOOK, end_if_stalled):  # limactl would wait out its time
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
    raise VmError(f"The VM {name} did not start.", detail=limactl.said(done) + shown, hint=hint)


def _await_host_agent(lima: Limactl, instance: Instance, wish: Wish, progress: Progress) -> None:
    """Wait for a VM that another start, perhaps an interrupted one, is still booting."""
    while (ready := limactl.host_agent_ready(instance)) is not True:
        progress.stage("waiting for the VM, which is already booting")
        still = lima.instance(instance.name)
        if ready is False or still is None or not still.running or progress.seconds > wish.timeout:
            raise VmError(
                f"The VM {instance.name} does not become ready.",
                detail=f"The guest's last lines:\n{logs.tail(instance.dir, 12)}",
                hint="sysinit-vm logs, or sysinit-vm restart",
            )
        sleep(1)
