"""Files between host and guest: copy."""

from invoke.context import Context

from sysinit_vm.projects import locate
from sysinit_vm.tasks.context import lima, words
from sysinit_vm.tasks.verb import verb


@verb(
    group="Access",
    usage="<from> ... <to>",
    examples=['sysinit-vm copy "my notes.txt" :', "sysinit-vm copy :/etc/hostname ."],
    exits=[3, 4, 6],
)
def copy(c: Context, project: str | None = None, name: str | None = None) -> None:
    """Copy files between host and guest, as cp -r does.

    Directories too. :PATH is a path in the guest, relative to the home directory there.
    """
    from sysinit_vm.guest import copy

    paths = copy.checked(words(c.remainder))
    target, vms = locate.target(project, name), lima(c)
    copy.copy(vms, locate.running(vms, target), paths)
