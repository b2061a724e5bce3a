"""What a VM is made of: build.dev build.minimal build.debian."""

from invoke.context import Context

from sysinit_vm import facts, settings
from sysinit_vm.images import available
from sysinit_vm.progress import Progress
from sysinit_vm.projects import project
from sysinit_vm.tasks.context import build_debian, done, runner
from sysinit_vm.tasks.verb import verb


@verb("dev", group="Content", examples=["sysinit-vm build.dev"], exits=[6])
def build_dev(c: Context) -> None:
    """Build the NixOS image of the template `dev`.

    nix builds `packages.SYSTEM.lima-dev-image` of the flake that the setting FLAKE names. VMs made from then on by a
    config of the templates dev and project-template take it first.
    """
    _build_nixos(c, "dev")


@verb("minimal", group="Content", examples=["sysinit-vm build.minimal"], exits=[6])
def build_minimal(c: Context) -> None:
    """Build the NixOS image of the template `minimal`.

    As build.dev does, from `packages.SYSTEM.lima-minimal-image`.
    """
    _build_nixos(c, "minimal")


def _build_nixos(c: Context, name: str) -> None:
    from sysinit_vm.images import nix

    known = settings.load()
    system = known["flake_system"].value or f"{facts.gather().arch}-linux"
    source = nix.Source(name, known["flake"].value, system, known["flake_attribute"].value)
    with Progress(f"Building the NixOS image {name}") as progress:
        built = nix.build(runner(c), available.directory(project.lima_home()), source, progress)
    done(c, f"Image built: {built}")


@verb("debian", group="Content", examples=["sysinit-vm build.debian"], exits=[6])
def build_debian_(c: Context) -> None:
    """Build the Debian guest image from packages.

    With Zellij in it. The first start does it by itself where there is no image; this builds a newer one, for VMs
    made from then on.
    """
    with Progress("Building the Debian image") as progress:
        built = build_debian(c, available.directory(project.lima_home()), progress)
    done(c, f"Image built: {built}")
