"""The versions of the programs beside us, for people who report what went wrong."""

import contextlib
from collections.abc import Iterator

from sysinit_vm.errors import VmError
from sysinit_vm.machine import extras, finders
from sysinit_vm.machine.host import Host
from sysinit_vm.runner import Runner


def beside(runner: Runner) -> Iterator[tuple[str, str]]:
    """Yield Lima and Task, each with its dotted version, empty where it is not to be had."""
    host = Host.read()
    has: tuple[int, ...] = ()
    with contextlib.suppress(VmError):
        limactl = finders.find_limactl(runner, host)
        has = finders.limactl_version(runner, limactl, host) if limactl else ()
    yield "Lima", ".".join(map(str, has))
    task = extras.find_task(host)
    yield "Task", ".".join(map(str, finders.told(runner, task))) if task else ""
