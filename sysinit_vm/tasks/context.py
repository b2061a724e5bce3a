"""The way from Invoke's context to our own objects, the same for every task."""

import functools
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit

from sysinit_vm import settings
from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.errors import MissingError
from sysinit_vm.lima.events import host_agent_ready
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import find_programs
from sysinit_vm.projects import locate
from sysinit_vm.projects.locate import Target
from sysinit_vm.projects.project import Project
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.vm import apply as applying
from sysinit_vm.vm.options import StartOptions


def runner(c: Context) -> Runner:
    """Return the process starter, which honours Invoke's ``--dry`` and ``--echo``."""
    return Runner(dry=bool(c.config.run.dry), echo=bool(c.config.run.echo))


def lima(c: Context) -> Limactl:
    """Return limactl; MissingError (exit 6) where this machine has none."""
    found = find_programs.find_limactl()
    if found is None:
        raise MissingError(
            "limactl was not found.",
            detail="It starts and stops the VMs: https://lima-vm.io.",
            hint="sysinit-vm setup",
        )
    return Limactl(runner(c), found)


def lima_if_found(c: Context) -> Limactl | None:
    """Return limactl, None where this machine cannot run one: for what only looks."""
    try:
        return lima(c)
    except MissingError:
        return None


def prepare_machine(c: Context, *, yes: bool) -> None:
    """Obtain what the machine lacks for a VM; every command is shown, and confirmed unless ``yes``."""
    from sysinit_vm.joining import taskfile
    from sysinit_vm.machine import install
    from sysinit_vm.machine.host import Host

    install.setup(runner(c), Host.read(), yes=yes, tolerant=True)
    if not c.config.run.dry:
        taskfile.shared()


def wish(c: Context, timeout_option: str | None, home: Project | None) -> StartOptions:
    """Return how a VM is to be started, with ``home``'s config as it is now, which is asked for if not trusted."""
    committed = document.load(home.config) if home else None
    limit, accelerator = timeout(timeout_option, committed), str(settings.value("accelerator", committed))
    if home and committed:
        committed = trusted(c, home, committed)
    return StartOptions(limit, accelerator, functools.partial(build_debian, c), committed)


def trusted(c: Context, home: Project, committed: Config) -> Config:
    """Return ``home``'s config if limactl may have it; NotConfirmedError (exit 5) otherwise.

    ``committed`` was read once: what is judged is what limactl is given. Nothing asks limactl before.
    """
    from sysinit_vm.trust import gate

    return gate.require(committed, home, embedder(c))


def embedder(c: Context) -> Callable[[Config], str]:
    """Return what puts into a config the files that it names."""
    return lambda committed: lima(c).embed(committed.path)


def started(c: Context, vms: Limactl, target: Target, timeout_option: str | None) -> Instance:
    """Return the target's VM, started where it is not ready to be worked in."""
    instance = locate.own(vms, target).instance
    running = instance is not None and instance.running
    if not running:
        say("VM not running. Starting...")
    if instance is None or not running or host_agent_ready(instance) is not True:
        return applying.start(vms, target, wish(c, timeout_option, target.project), "ask")
    return instance


def build_debian(c: Context, images: Path, progress: Progress) -> Path:
    """Build our Debian image into the directory ``images`` (absolute) and return the qcow2.

    MissingError where Zellij for the guest was not obtained yet.
    """
    from sysinit_vm.images import debian

    zellij = find_programs.find_zellij()
    if zellij is None:
        raise MissingError(
            "Zellij for the guest was not found.", detail="The image carries it.", hint="sysinit-vm setup"
        )
    mirror = settings.value("mirror")
    return debian.build(runner(c), images, zellij=zellij, mirror=mirror or None, progress=progress)


def done(c: Context, text: str) -> None:
    """Tell the user what was done, which under ``--dry`` is nothing."""
    if not c.config.run.dry:
        say(text)


def end(status: int) -> None:
    """End the command with an exit status; 0 lets a chain of tasks go on."""
    if status:
        raise Exit(code=status)


def timeout(option: str | None, committed: Config | None = None) -> int:
    """Return ``--timeout`` or the setting (seconds); UsageError for what is no number above zero."""
    if option is not None:
        return settings.seconds(option, "--timeout")
    return int(settings.value("timeout", committed))


def print_json(content: dict[str, Any]) -> None:
    """Print one versioned JSON document, and nothing else, on standard output."""
    print(json.dumps({"version": 1, **content}, indent=2, ensure_ascii=False))


def words(remainder: str) -> list[str]:
    """Return the exact words after ``--``.

    Our console script quotes them into ``remainder``; `inv` joins them with bare spaces, so that they
    are taken from its own command line.
    """
    typed = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    return typed if " ".join(typed) == remainder else shlex.split(remainder)
