"""What a VM is made of, and what is in it: sync rebuild build.dev build.minimal build.debian."""

from invoke.context import Context

from sysinit_vm import settings
from sysinit_vm.config import document
from sysinit_vm.errors import StateError
from sysinit_vm.images import available
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import facts
from sysinit_vm.projects import locate
from sysinit_vm.projects.project import Project
from sysinit_vm.tasks.context import build_debian, done, end, lima, runner, trusted
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.vm import rebuild

_STREAMED = "Otherwise that of the program in the guest; 128+n where signal n ended it."


@verb(
    group="Content",
    examples=["sysinit-vm sync"],
    exits=[3, 4, 5, 6],
    ends=_STREAMED,
    provision="Run the project's own provisioning again, also in a guest that has Nix.",
)
def sync(c: Context, provision: bool = False, project: str | None = None, name: str | None = None) -> None:
    """Bring the running guest up to date.

    No restart is needed. In a guest with Nix, run `home-manager switch` to FLAKE#FLAKE_CONFIGURATION from the settings.

    Others: the scripts of `provision` in the project's config, as it is now, run again in the order of a boot; those
    that fail are named at the end.
    """
    target, vms = locate.target(project, name), lima(c)
    instance = locate.running(vms, target)
    if provision or not rebuild.has_nix(vms, instance):
        _provision(c, vms, instance)
    else:
        end(rebuild.home(vms, instance, _configuration()))


def _provision(c: Context, vms: Limactl, instance: Instance) -> None:
    from sysinit_vm.vm import reprovision

    if instance.project_dir is None:
        raise StateError(f"{instance.name} belongs to no project.", hint="sysinit-vm list")
    home = Project(instance.project_dir)
    committed = trusted(c, home, document.load(home.config))
    say(f"Provisioning {instance.name} as {home.config} says")
    end(reprovision.run(vms, instance, home, committed))
    done(c, f"Provisioned {instance.name}.")


@verb("rebuild", group="Content", examples=["sysinit-vm rebuild"], exits=[3, 4, 6], ends=_STREAMED)
def rebuild_(c: Context, project: str | None = None, name: str | None = None) -> None:
    """Rebuild the guest's NixOS from the flake.

    `sudo nixos-rebuild switch` to FLAKE#FLAKE_CONFIGURATION of the settings, in the running guest.
    """
    target, vms = locate.target(project, name), lima(c)
    end(rebuild.system(vms, locate.running(vms, target), _configuration()))


def _configuration() -> str:
    return f"{settings.value('flake')}#{settings.value('flake_configuration')}"


@verb("dev", group="Content", examples=["sysinit-vm build.dev"], exits=[6])
def build_dev(c: Context) -> None:
    """Build the NixOS image of the template `dev`.

    nix builds `packages.SYSTEM.lima-dev-image` of the flake that the setting FLAKE names. New VMs whose
    config comes from the templates dev, agent or project-template use it first.
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

    system = settings.value("flake_system") or f"{facts.gather().arch}-linux"
    source = nix.Source(name, settings.value("flake"), system, settings.value("flake_attribute"))
    with Progress(f"Building the NixOS image {name}") as progress:
        built = nix.build(runner(c), available.directory(lima_home()), source, progress)
    done(c, f"Image built: {built}")


@verb("debian", group="Content", examples=["sysinit-vm build.debian"], exits=[6])
def build_debian_(c: Context) -> None:
    """Build the Debian guest image from packages.

    It contains Zellij. The first start builds one if there is none; this command builds a newer one for new VMs.
    """
    with Progress("Building the Debian image") as progress:
        built = build_debian(c, available.directory(lima_home()), progress)
    done(c, f"Image built: {built}")
