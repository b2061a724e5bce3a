"""taskfile: print where our Taskfile is."""

from invoke.context import Context

from sysinit_vm.tasks.verb import verb


@verb(group="Machine", examples=["sysinit-vm taskfile"])
def taskfile(_c: Context) -> None:
    """Print the path of the Taskfile to include.

    It is a link to the installed package's Taskfile, which this command creates or updates.
    """
    from sysinit_vm.joining.taskfile import shared

    print(shared())
