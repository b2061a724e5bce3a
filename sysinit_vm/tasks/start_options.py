"""How the user wants a VM started: by the flags, the settings and the project's config."""

import functools
from collections.abc import Callable

from invoke.context import Context

from sysinit_vm import settings
from sysinit_vm.config.document import Config
from sysinit_vm.images.build import build_debian
from sysinit_vm.lima.events import host_agent_ready
from sysinit_vm.lima.instance import Instance
from sysinit_vm.projects import committed_config
from sysinit_vm.projects.project import Project
from sysinit_vm.tasks.context import lima, runner
from sysinit_vm.terminal.console import say
from sysinit_vm.vm.apply import start_up_to_date
from sysinit_vm.vm.options import StartOptions
from sysinit_vm.vm.project_vm import ProjectVm


def start_options(c: Context, timeout: str | None, project: Project | None) -> StartOptions:
    """Return how a VM is to be started; ``timeout`` is the flag's text.

    ``project``'s config is read now. If it is not trusted yet, the user is asked. Raises UsageError (timeout),
    NotConfirmedError (trust).
    """
    config = committed_config.load(project) if project else None
    seconds, accelerator = seconds_to_wait(timeout, config), str(settings.value("accelerator", config))
    if project and config:
        config = trusted(c, project, config)
    return StartOptions(seconds, accelerator, functools.partial(build_debian, runner(c)), config)


def seconds_to_wait(timeout: str | None, config: Config | None = None) -> int:
    """Return ``--timeout`` or else the setting (seconds); UsageError if it is not a number above zero."""
    if timeout is not None:
        return settings.seconds(timeout, "--timeout")
    return int(settings.value("timeout", config))


def trusted(c: Context, project: Project, config: Config) -> Config:
    """Return ``project``'s config if limactl may have it; NotConfirmedError (exit 5) otherwise.

    ``config`` was read once: what is judged is what limactl is given. Nothing asks limactl before.
    """
    from sysinit_vm.trust import gate

    return gate.require(config, project, embedder(c))


def embedder(c: Context) -> Callable[[Config], str]:
    """Return what puts into a config the files that it names."""
    return lambda config: lima(c).embed(config.path)


def start_if_needed(c: Context, vm: ProjectVm, timeout: str | None) -> Instance:
    """Return the VM, started first if it is not ready to be worked in."""
    instance = vm.own().instance
    running = instance is not None and instance.running
    if not running:
        say("VM not running. Starting...")
    if instance is None or not running or host_agent_ready(instance) is not True:
        return start_up_to_date(vm, start_options(c, timeout, vm.target.project), "ask")
    return instance
