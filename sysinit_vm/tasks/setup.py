"""setup: install what this machine lacks."""

from invoke.context import Context

from sysinit_vm.errors import typed
from sysinit_vm.lima.home import lima_home
from sysinit_vm.tasks.context import runner
from sysinit_vm.tasks.output import print_json
from sysinit_vm.tasks.verb import verb


@verb(
    group="Machine",
    examples=["sysinit-vm setup", "sysinit-vm setup --json", "sysinit-vm setup --compile"],
    exits=[5, 6],
    yes="Run the commands without asking.",
    compile="Compile Lima and Zellij, instead of downloading what upstream compiled.",
    extras="Also install task, nix and virtiofsd, which not everyone needs.",
    json="Print as JSON what is needed, the commands that would be run and the limits, and change nothing.",
)
def setup(
    c: Context,
    yes: bool = False,
    extras: bool = False,
    compile: bool = False,  # noqa: A002
    json: bool = False,
) -> None:
    """Install what this machine lacks for VMs.

    That is QEMU, limactl, and Zellij for the guest. The last two come from upstream's archives if their host can be
    reached, and are compiled otherwise. The plan says which, and is confirmed once. The same command continues where it
    stopped.
    """
    from sysinit_vm import settings
    from sysinit_vm.images import available
    from sysinit_vm.machine import install, limits, optional, report
    from sysinit_vm.machine.host import Host
    from sysinit_vm.machine.install import Consent
    from sysinit_vm.machine.prerequisites import survey
    from sysinit_vm.machine.release_archives import Releases

    host, directory = Host.read(), lima_home()
    releases = Releases(settings.value("github_mirror"), compiling=compile)
    if json:
        parts = [*survey(runner(c), host, releases), *optional.survey(runner(c), host)]
        print_json(report.record(parts, limits.survey(runner(c), host, directory, available.kernels(directory))))
        return
    flags = [word for word, given in (("--extras", extras), ("--compile", compile)) if given]
    consent = Consent(yes, typed("sysinit-vm", "setup", *flags, "--yes"))
    parts = install.setup(runner(c), host, consent, releases, more=optional.survey if extras else install.nothing_more)
    listed = parts if extras else [*parts, *optional.survey(runner(c), host)]
    report.show(host, listed, limits.survey(runner(c), host, directory, available.kernels(directory)))
