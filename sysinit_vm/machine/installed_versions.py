"""The versions of the programs that we use, for people who report a problem."""

import contextlib
from collections.abc import Iterator

from sysinit_vm import user_account
from sysinit_vm.errors import VmError
from sysinit_vm.executables import Version, dotted
from sysinit_vm.machine import find_programs, optional
from sysinit_vm.machine.host import Host
from sysinit_vm.runner import Runner


def lima_and_task(runner: Runner) -> Iterator[tuple[str, str]]:
    """Yield Lima and Task, each with its dotted version; empty if it is missing or prints none.

    MissingError if this account has no home directory to look in.
    """
    user_account.require_home()
    host = Host.read()
    version: Version = ()
    with contextlib.suppress(VmError):
        limactl = find_programs.find_limactl(runner, host)
        version = find_programs.limactl_version(runner, limactl, host) if limactl else ()
    yield "Lima", dotted(version)
    task = optional.find_task(runner, host)
    yield "Task", dotted(find_programs.program_version(runner, task)) if task else ""
