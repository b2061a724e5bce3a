"""Build a guest image as the settings say."""

import platform
from pathlib import Path

from sysinit_vm import settings
from sysinit_vm.errors import MissingError
from sysinit_vm.images import available
from sysinit_vm.lima.home import lima_home
from sysinit_vm.machine import facts, find_programs
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress


def build_debian(runner: Runner, images: Path, progress: Progress) -> Path:
    """Build our Debian image in the directory ``images`` (absolute) and return the qcow2.

    Where this machine has no Zellij for the guest yet, the image goes without it. MissingError if this is not Linux,
    and the errors of ``debian.build``.
    """
    from sysinit_vm.images import debian

    if platform.system() != "Linux":
        detail = "It needs a Linux. VMs are made here from Debian's own image, which the first start downloads."
        raise MissingError("build.debian cannot run here.", detail=detail, hint="sysinit-vm up")
    zellij = find_programs.find_zellij()
    if zellij is None:
        say("  This machine has no Zellij yet: the image goes without, and its guests get it once it is there.")
    mirror, packages = settings.value("mirror"), settings.value("packages")
    return debian.build(runner, images, zellij=zellij, mirror=mirror, packages=packages, progress=progress)


def build_nixos(runner: Runner, template: str) -> Path:
    """Build the NixOS image of ``template`` (dev, minimal) from the flake in the settings and return the qcow2.

    It is written where Lima keeps its images. The errors are those of ``nix.build``.
    """
    from sysinit_vm.images import nix

    system = settings.value("flake_system") or f"{facts.gather().arch}-linux"
    image = nix.NixImage(template, settings.value("flake"), system, settings.value("flake_attribute"))
    with Progress(f"Building the NixOS image {template}") as progress:
        return nix.build(runner, available.directory(lima_home()), image, progress)
