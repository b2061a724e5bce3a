"""Decisions: what is observed and what is wished become limactl calls. One function per verb."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from sysinit_vm import (
    accelerator,
    access,
    config,
    effective,
    facts,
    files,
    guest,
    limactl,
    locate,
    project,
    prompts,
    stages,
)
from sysinit_vm.errors import StateError, VmError
from sysinit_vm.images import Choice, directory
from sysinit_vm.limactl import Limactl
from sysinit_vm.locate import Target
from sysinit_vm.model import RUNNING, STOPPED, Instance, Report
from sysinit_vm.progress import Progress, say
from sysinit_vm.project import Project
from sysinit_vm.recovery import recover
from sysinit_vm.runner import Result

_EFFECTIVE = "effective.yaml"


@dataclass(frozen=True)
class Wish:
    """How a start is wished: ``timeout`` in seconds; ``build_image`` builds our image into a directory."""

    timeout: int
    accelerator: str
    build_image: Callable[[Path, Progress], Path]


def start(lima: Limactl, target: Target, wish: Wish) -> Instance:
    """Bring the target's VM to where its user can work in it, and prove that; a running one is fine.

    NoConfigError without a config; StateError where the VM is another project's; VmError with the guest's
    last lines where the boot, the provisioning or the mount failed.
    """
    with _alone(lima, target):
        found = locate.own(lima, target)
        home = _home(target, found.instance)
        with Progress(f"Starting VM: {found.name}") as progress:
            _boot(lima, found, home, wish, progress)
            progress.stage("checking the guest")
            report = guest.check(lima, found.name, home)
        judge(found.name, home, report)
        instance = locate.locate(lima, Target(home, found.name, "--name")).instance
    if instance is None:
        raise VmError(f"The VM {found.name} vanished while it started.", hint="sysinit-vm start")
    return instance


def _home(target: Target, instance: Instance | None) -> Project:
    """The project whose mount the VM must prove: a VM selected by name may belong to another directory."""
    if instance and instance.project_dir:
        return Project(instance.project_dir)
    return target.required


def _boot(lima: Limactl, found: locate.Located, home: Project, wish: Wish, progress: Progress) -> None:
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
    chosen = effective.choose_image(config.load(home.config), facts.gather()) if home.config.is_file() else None
    env = _accelerate(lima, wish, chosen)
    done = lima.start(found.name, _relay(progress), timeout=wish.timeout, env=env)
    _must_be_up(done, found.name, instance.dir)


def _create(lima: Limactl, name: str, home: Project, wish: Wish, progress: Progress) -> None:
    committed, machine = config.load(home.config), facts.gather()
    choice = effective.choose_image(committed, machine)
    if choice.entry is None and choice.buildable:
        wish.build_image(directory(machine.lima_home), progress)
        choice = effective.choose_image(committed, machine)
    if choice.entry is None:
        raise VmError(
            f"None of the images in {home.config} can be had on this machine.",
            detail="No local image exists, none is a download for this arch, and none can be built here.",
            hint="sysinit-vm setup, then sysinit-vm build.debian",
        )
    given = effective.effective(committed, home, name, machine, guest.setup())
    for word in given.words:
        say(f"  {word}")
    path = home.config.with_name(_EFFECTIVE)
    files.write(path, given.text)
    env = _accelerate(lima, wish, choice)
    done = lima.create(name, path, _relay(progress), timeout=wish.timeout, env=env)
    if not done.ok:
        _remove_half_made(lima, name)
    _must_be_up(done, name, project.lima_home() / name)


def _accelerate(lima: Limactl, wish: Wish, choice: Choice | None) -> dict[str, str]:
    chosen = accelerator.choose(lima.runner, facts.gather(), wish.accelerator, choice.kernel if choice else None)
    if chosen.note:
        say(f"  {chosen.note}")
    return chosen.env


def _remove_half_made(lima: Limactl, name: str) -> None:
    """A create that fails before the first boot leaves an instance that can never start (Lima 2.2.0)."""
    instance = lima.instance(name)
    if instance and not (instance.dir / "ha.stderr.log").exists():
        lima.delete(name)


def _relay(progress: Progress) -> Callable[[limactl.Message], None]:
    def relay(message: limactl.Message) -> None:
        stage = stages.stage(message[1])
        if stage:
            progress.stage(stage)

    return relay


def _must_be_up(done: Result, name: str, instance_dir: Path) -> None:
    if done.ok:
        return
    console = tail(instance_dir, 12)
    shown = f"\nThe guest's last lines:\n{console}" if console else ""
    raise VmError(f"The VM {name} did not start.", detail=limactl.said(done) + shown, hint="sysinit-vm logs")


def _await_host_agent(lima: Limactl, instance: Instance, wish: Wish, progress: Progress) -> None:
    """Wait for a VM that another start, perhaps an interrupted one, is still booting."""
    while (ready := limactl.host_agent_ready(instance)) is not True:
        progress.stage("waiting for the VM, which is already booting")
        still = lima.instance(instance.name)
        if ready is False or still is None or not still.running or progress.seconds > wish.timeout:
            raise VmError(
                f"The VM {instance.name} does not become ready.",
                detail=f"The guest's last lines:\n{tail(instance.dir, 12)}",
                hint="sysinit-vm logs, or sysinit-vm restart",
            )
        sleep(1)


def judge(name: str, home: Project, report: Report) -> None:
    """Return if the user can work in the guest; VmError says what is wrong with it."""
    if not report.mounted:
        raise VmError(
            f"The VM {name} runs, but {home.root} is not mounted in it as it should be.",
            detail=report.mount_problem or "A file written on the host was not seen in the guest.",
            hint="sysinit-vm restart",
        )
    if report.failed_scripts:
        raise VmError(
            f"The VM {name} runs, but its provisioning failed.",
            detail="\n".join(report.failed_scripts),
            hint="sysinit-vm logs --source provision",
        )
    if not report.session_tool:
        say("  Zellij is not installed in this guest: `shell` gives a login shell.")


def stop(lima: Limactl, target: Target, *, force: bool = False) -> Instance:
    """Stop the target's VM; a stopped one is fine. StateError where there is none."""
    with _alone(lima, target):
        instance = locate.existing(lima, target)
        if instance.status not in {RUNNING, STOPPED}:
            recover(lima, instance)
        elif instance.running:
            lima.stop(instance.name, force=force)
    return locate.existing(lima, target)


def destroy(lima: Limactl, target: Target) -> str:
    """Delete the target's VM with its disk and return its name. StateError where there is none.

    A running VM is stopped first, so that what the guest has not written yet reaches the project.
    """
    with _alone(lima, target):
        instance = locate.existing(lima, target)
        if instance.running:
            try:
                lima.stop(instance.name)
            except StateError:
                lima.stop(instance.name, force=True)
        elif instance.status != STOPPED:
            recover(lima, instance)
        lima.delete(instance.name)
    return instance.name


def attach_or_tell(lima: Limactl, instance: Instance) -> int:
    """Attach where there is a terminal, elsewhere say how; return the exit status."""
    if prompts.terminal():
        return access.shell(lima, instance)
    say(f"VM ready: {instance.name}. Attach: cd {shlex.quote(str(instance.project_dir))} && sysinit-vm shell")
    return 0


def tail(instance_dir: Path, lines: int) -> str:
    """Return the last ``lines`` of the guest's console, empty where it has said nothing."""
    logs = sorted(instance_dir.glob("serial*.log"), key=lambda path: path.stat().st_mtime)
    texts = [text for path in logs if (text := path.read_text(errors="replace").strip())]
    return "\n".join(texts[-1].splitlines()[-lines:]) if texts else ""


@contextmanager
def _alone(lima: Limactl, target: Target) -> Iterator[None]:
    """Hold the VM's own lock: Lima has none, and two starts at once corrupt its logs (2.2.0)."""
    name = locate.locate(lima, target).name
    import filelock

    path = project.lima_home() / "_sysinit-vm" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        say(f"Waiting for another sysinit-vm that works on {name} …")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
