"""taskfile: print where our Taskfile is."""

from invoke.context import Context

from sysinit_vm.tasks.verb import verb


@verb(group="Machine", examples=["sysinit-vm taskfile"])
def taskfile(_c: Context) -> None:
    """Print the path of the Taskfile to include.

    The path is a link to the installed package's Taskfile. This command creates or updates the link.
    """
    from sysinit_vm.init import shared_taskfile

    print(shared_taskfile.link())
