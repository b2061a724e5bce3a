"""taskfile: print where our Taskfile is."""

from invoke.context import Context

from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import show


@verb(group="Machine", examples=["sysinit-vm taskfile"])
def taskfile(_c: Context) -> None:
    """Print the path of the Taskfile to include.

    The path is a link to the installed package's Taskfile. This command creates or updates the link.
    """
    from sysinit_vm.init import shared_taskfile

    show(str(shared_taskfile.link()))
