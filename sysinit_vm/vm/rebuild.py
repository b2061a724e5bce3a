"""The guest becomes what a flake says, by the guest's own home-manager or nixos-rebuild."""

from sysinit_vm.errors import StateError
from sysinit_vm.guest import access, checks
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl

_HOME, _SYSTEM, _NIX = "home-manager", "nixos-rebuild", "nix"


def has_nix(lima: Limactl, instance: Instance) -> bool:
    """Whether the guest of ``instance``, which runs, has anything of Nix."""
    return bool(checks.programs(lima, instance.name, (_HOME, _SYSTEM, _NIX)))


def home(lima: Limactl, instance: Instance, configuration: str) -> int:
    """Let home-manager switch to ``configuration`` (FLAKE#NAME) and return its exit status; StateError without it."""
    return _switch(lima, instance, _HOME, (), configuration)


def system(lima: Limactl, instance: Instance, configuration: str) -> int:
    """Let nixos-rebuild switch to ``configuration`` and return its exit status; StateError without it."""
    return _switch(lima, instance, _SYSTEM, ("sudo",), configuration)


def _switch(lima: Limactl, instance: Instance, program: str, prefix: tuple[str, ...], configuration: str) -> int:
    if not checks.programs(lima, instance.name, (program,)):
        raise _lacks(instance, program)
    return access.execute(lima, instance, (*prefix, program, "switch", "--flake", configuration))


def _lacks(instance: Instance, program: str) -> StateError:
    images = instance.config().data.get("images") or [{}]
    image = images[0].get("location", "an image of Lima's")
    return StateError(
        f"The guest of {instance.name} has no {program}.",
        detail=f"The NixOS images have it: build.dev makes the one that the templates dev and project-template prefer, "
        f"build.minimal that of minimal. This VM was made from {image}.",
        hint="sysinit-vm build.dev, then sysinit-vm destroy and sysinit-vm up",
    )
