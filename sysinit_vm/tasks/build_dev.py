"""build.dev: build the NixOS image of the template `dev`."""

from invoke.context import Context

from sysinit_vm.images.build import build_nixos
from sysinit_vm.tasks.context import runner
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.verb import verb


@verb("dev", group="NixOS", examples=["sysinit-vm build.dev"], exits=[6])
def build_dev(c: Context) -> None:
    """Build the NixOS image of the template `dev`.

    Build `packages.SYSTEM.lima-dev-image` of the flake in the setting FLAKE. New VMs use the image if their config
    comes from the template dev, agent or project-template.
    """
    done(c, f"Image built: {build_nixos(runner(c), 'dev')}")
