"""setup: install what this machine lacks."""

from typing import TYPE_CHECKING

from invoke.context import Context

from sysinit_vm.errors import typed
from sysinit_vm.lima.home import lima_home
from sysinit_vm.tasks.context import runner
from sysinit_vm.tasks.output import print_json
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say

if TYPE_CHECKING:
    from sysinit_vm.machine.host import Host


@verb(
    group="Machine",
    examples=["sysinit-vm setup", "sysinit-vm setup --compile", "sysinit-vm setup --stop"],
    exits=[5, 6],
    yes="Run the commands without asking.",
    compile="Compile Lima and Zellij, instead of downloading what upstream compiled.",
    extras="Also install task, nix and virtiofsd, which not everyone needs.",
    stop="Stop the compile of Zellij that `up` has left running in the background.",
    json="Print as JSON what is needed, the commands that would be run and the limits, and change nothing.",
)
def setup(
    c: Context,
    yes: bool = False,
    extras: bool = False,
    compile: bool = False,  # noqa: A002
    stop: bool = False,
    json: bool = False,
) -> None:
    """Install what this machine lacks for VMs.

    That is QEMU, limactl, and Zellij for the guest. The last two come from upstream's archives if their host can be
    reached, and are compiled otherwise. The plan says which, and is confirmed once. The same command continues where it
    stopped, and shows a compile that `up` has left running until it is done.
    """
    from sysinit_vm import settings
    from sysinit_vm.images import available
    from sysinit_vm.machine import install, limits, optional, report
    from sysinit_vm.machine.host import Host
    from sysinit_vm.machine.install import Consent
    from sysinit_vm.machine.prerequisites import survey
    from sysinit_vm.machine.release_archives import Releases

    host, directory = Host.read(), lima_home()
    if stop:
        _stop(c, host)
        return
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


def _stop(c: Context, host: "Host") -> None:
    from sysinit_vm.machine import compile_state, zellij_compile

    if c.config.run.dry:
        return
    stopped = zellij_compile.stop(host)
    # without the options that were typed: --stop is one
    say(f"The compile of Zellij is stopped. Go on: {compile_state.RETRY}" if stopped else "No compile is running.")
