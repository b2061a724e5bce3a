"""build.minimal: build the NixOS image of the template `minimal`."""

from invoke.context import Context

from sysinit_vm.images.build import build_nixos
from sysinit_vm.tasks.context import runner
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.verb import verb


@verb("minimal", group="NixOS", examples=["sysinit-vm build.minimal"], exits=[6])
def build_minimal(c: Context) -> None:
    """Build the NixOS image of the template `minimal`.

    Like build.dev, but build `packages.SYSTEM.lima-minimal-image`.
    """
    done(c, f"Image built: {build_nixos(runner(c), 'minimal')}")
