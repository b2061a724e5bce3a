"""Files between host and guest: copy."""

from invoke.context import Context

from sysinit_vm.projects import locate
from sysinit_vm.tasks.context import lima, words
from sysinit_vm.tasks.verb import verb


@verb()
def copy(c: Context, project: str | None = None, name: str | None = None) -> None:
    """Copy files and directories, as cp -r does; :PATH is the guest's, where relative ones begin at its home."""
    from sysinit_vm import copying

    target, vms = locate.target(project, name), lima(c)
    copying.copy(vms, locate.running(vms, target), words(c.remainder))
