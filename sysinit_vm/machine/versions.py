"""The versions of the programs beside us, for people who report what went wrong."""

import contextlib
from collections.abc import Iterator

from sysinit_vm.errors import VmError
from sysinit_vm.machine import find_programs, optional
from sysinit_vm.machine.host import Host
from sysinit_vm.runner import Runner


def beside(runner: Runner) -> Iterator[tuple[str, str]]:
    """Yield Lima and Task, each with its dotted version, empty where it is not to be had."""
    host = Host.read()
    has: tuple[int, ...] = ()
    with contextlib.suppress(VmError):
        limactl = find_programs.find_limactl(runner, host)
        has = find_programs.limactl_version(runner, limactl, host) if limactl else ()
    yield "Lima", ".".join(map(str, has))
    task = optional.find_task(host)
    yield "Task", ".".join(map(str, find_programs.told(runner, task))) if task else ""
