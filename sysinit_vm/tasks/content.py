"""What a VM is made of: build.debian."""

from invoke.context import Context

from sysinit_vm.images import available
from sysinit_vm.progress import Progress, say
from sysinit_vm.projects import project
from sysinit_vm.tasks.context import build_debian
from sysinit_vm.tasks.verb import verb


@verb("debian", group="Content", examples=["sysinit-vm build.debian"], exits=[6])
def build_debian_(c: Context) -> None:
    """Build the Debian guest image from packages.

    With Zellij in it. The first start does it by itself where there is no image; this builds a newer one, for VMs
    made from then on.
    """
    with Progress("Building the Debian image") as progress:
        built = build_debian(c, available.directory(project.lima_home()), progress)
    say(f"Image built: {built}")
