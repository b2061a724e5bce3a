"""build.debian: build our Debian image."""

from invoke.context import Context

from sysinit_vm.images import available
from sysinit_vm.images.build import build_debian
from sysinit_vm.lima.home import lima_home
from sysinit_vm.tasks.context import runner
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.progress import Progress


@verb("debian", group="Content", examples=["sysinit-vm build.debian"], exits=[6])
def build_debian_(c: Context) -> None:
    """Build the Debian guest image from packages.

    It contains Zellij, if this machine has one for guests. The first start builds an image if there is none. This
    command builds a newer one for new VMs.
    """
    with Progress("Building the Debian image") as progress:
        image = build_debian(runner(c), available.directory(lima_home()), progress)
    done(c, f"Image built: {image}")
