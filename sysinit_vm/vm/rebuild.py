"""Switch the guest to a flake's configuration, with the guest's own home-manager or nixos-rebuild."""

from sysinit_vm.errors import StateError
from sysinit_vm.guest import access, checks
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl

_HOME, _SYSTEM, _NIX = "home-manager", "nixos-rebuild", "nix"


def has_nix(lima: Limactl, instance: Instance) -> bool:
    """Whether the running guest of ``instance`` has Nix, home-manager or nixos-rebuild."""
    return bool(checks.programs(lima, instance.name, (_HOME, _SYSTEM, _NIX)))


def home(lima: Limactl, instance: Instance, configuration: str) -> int:
    """Run home-manager switch for ``configuration`` (FLAKE#NAME); return its status. StateError if it is missing."""
    return _switch(lima, instance, _HOME, (), configuration)


def system(lima: Limactl, instance: Instance, configuration: str) -> int:
    """Run nixos-rebuild switch for ``configuration``; return its status. StateError if it is missing."""
    return _switch(lima, instance, _SYSTEM, ("sudo",), configuration)


def _switch(lima: Limactl, instance: Instance, program: str, prefix: tuple[str, ...], configuration: str) -> int:
    if not checks.programs(lima, instance.name, (program,)):
        raise _lacks(instance, program)
    return access.execute(lima, instance, (*prefix, program, "switch", "--flake", configuration))


def _lacks(instance: Instance, program: str) -> StateError:
    images = instance.config().data.get("images") or [{}]
    image = images[0].get("location", "one of Lima's images")
    return StateError(
        f"The guest of {instance.name} has no {program}.",
        detail=f"The NixOS images have it: build.dev builds the one for the templates dev and project-template, "
        f"build.minimal the one for minimal. This VM was made from {image}.",
        hint="sysinit-vm build.dev, then sysinit-vm destroy and sysinit-vm up",
    )
