"""setup: install what this machine lacks."""

from invoke.context import Context

from sysinit_vm.lima.home import lima_home
from sysinit_vm.tasks.context import runner
from sysinit_vm.tasks.output import print_json
from sysinit_vm.tasks.verb import verb


@verb(
    group="Machine",
    examples=["sysinit-vm setup", "sysinit-vm setup --json"],
    exits=[5, 6],
    yes="Run the commands without asking.",
    extras="Also install task, nix and virtiofsd, which not everyone needs.",
    json="Print as JSON what is needed, the commands that would be run and the limits, and change nothing.",
)
def setup(c: Context, yes: bool = False, extras: bool = False, json: bool = False) -> None:
    """Install what this machine lacks for VMs.

    That is limactl, QEMU, and Zellij for the guest. The plan is shown and confirmed once. The same command continues
    where it stopped.
    """
    from sysinit_vm.images import available
    from sysinit_vm.machine import install, limits, optional, report
    from sysinit_vm.machine.host import Host
    from sysinit_vm.machine.install import Consent
    from sysinit_vm.machine.prerequisites import survey

    host, directory = Host.read(), lima_home()
    if json:
        parts = [*survey(runner(c), host), *optional.survey(runner(c), host)]
        print_json(report.record(parts, limits.survey(runner(c), host, directory, available.kernels(directory))))
        return
    consent = Consent(yes, "sysinit-vm setup --extras --yes" if extras else "sysinit-vm setup --yes")
    parts = install.setup(runner(c), host, consent, more=optional.survey if extras else install.nothing_more)
    listed = parts if extras else [*parts, *optional.survey(runner(c), host)]
    report.show(host, listed, limits.survey(runner(c), host, directory, available.kernels(directory)))
