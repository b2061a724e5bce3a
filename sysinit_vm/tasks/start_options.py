"""How the user wants a VM started: by the flags, the settings and the project's config."""

import functools

from invoke.context import Context

from sysinit_vm import settings
from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError
from sysinit_vm.images.build import build_debian
from sysinit_vm.lima.events import host_agent_ready
from sysinit_vm.lima.instance import Instance
from sysinit_vm.machine import find_programs
from sysinit_vm.machine.host import Host
from sysinit_vm.projects import committed_config
from sysinit_vm.projects.locate import Target
from sysinit_vm.tasks.context import lima, runner
from sysinit_vm.terminal.console import say
from sysinit_vm.trust import table
from sysinit_vm.vm.apply import start_up_to_date
from sysinit_vm.vm.options import StartOptions
from sysinit_vm.vm.permission import Request
from sysinit_vm.vm.project_vm import ProjectVm


def start_options(c: Context, timeout: str | None, target: Target) -> StartOptions:
    """Return how the VM that ``target`` means is to be started; ``timeout`` is the flag's text.

    Its project's config is read now. If it is not trusted yet, the user is asked. Raises UsageError (timeout),
    NotConfirmedError (trust).
    """
    config = committed_config.load(target.project) if target.project else None
    seconds, accelerator = seconds_to_wait(timeout, config), str(settings.value("accelerator", config))
    if target.project and config:
        config = request(c, target, config).require()
    _tell_of_version(c)
    return StartOptions(seconds, accelerator, functools.partial(build_debian, runner(c)), config)


def _tell_of_version(c: Context) -> None:
    limactl, host = find_programs.find_limactl(), Host.read()
    problem = table.unknown_version(find_programs.limactl_version(runner(c), limactl, host)) if limactl else ""
    if problem:
        say(problem)


def seconds_to_wait(timeout: str | None, config: Config | None = None) -> int:
    """Return ``--timeout`` or else the setting (seconds); UsageError if it is not a number above zero."""
    if timeout is not None:
        return settings.seconds(timeout, "--timeout")
    return int(settings.value("timeout", config))


def request(c: Context, target: Target, config: Config | None = None) -> Request:
    """Return the request for what limactl may be given for ``target``'s project; its config is read once, at most now.

    NoConfigError if there is no project; VmError if the config gave the VM another name a moment ago.
    """
    project = target.required
    committed = config or committed_config.load(project)
    if not target.agrees(committed):
        raise VmError(f"{project.config} has changed while it was read.", hint="the same command again")
    return Request(committed, project, target.name, functools.partial(lima, c))


def start_if_needed(c: Context, vm: ProjectVm, timeout: str | None) -> Instance:
    """Return the VM, started first if it is not ready to be worked in."""
    instance = vm.own().instance
    running = instance is not None and instance.running
    if not running:
        say("VM not running. Starting...")
    if instance is None or not running or host_agent_ready(instance) is not True:
        return start_up_to_date(vm, start_options(c, timeout, vm.target), "ask")
    return instance
