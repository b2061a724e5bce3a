"""build.dev: build the NixOS image of the template `dev`."""

from invoke.context import Context

from sysinit_vm.images.build import build_nixos
from sysinit_vm.tasks.context import runner
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.verb import verb


@verb("dev", group="Content", examples=["sysinit-vm build.dev"], exits=[6])
def build_dev(c: Context) -> None:
    """Build the NixOS image of the template `dev`.

    nix builds `packages.SYSTEM.lima-dev-image` of the flake that the setting FLAKE names. New VMs whose
    config comes from the templates dev, agent or project-template use it first.
    """
    done(c, f"Image built: {build_nixos(runner(c), 'dev')}")
