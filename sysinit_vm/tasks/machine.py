"""The task that prepares this machine."""

from invoke.context import Context

from sysinit_vm.tasks.context import runner
from sysinit_vm.tasks.verb import verb


@verb(
    yes="Run the commands without asking.",
    json="Print the parts and the commands that would be run as JSON, and change nothing.",
)
def setup(c: Context, yes: bool = False, json: bool = False) -> None:
    """Obtain what this machine lacks: limactl, QEMU, Zellij for the guest; each command is shown."""
    from sysinit_vm.machine import obtain
    from sysinit_vm.machine.host import Host
    from sysinit_vm.machine.parts import survey

    if json:
        print(obtain.as_json(survey(runner(c), Host.read())))
    else:
        obtain.report(obtain.setup(runner(c), Host.read(), yes=yes))
