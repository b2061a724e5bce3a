"""rebuild: rebuild the NixOS of the running guest."""

from invoke.context import Context

from sysinit_vm import settings
from sysinit_vm.projects import locate
from sysinit_vm.tasks.context import lima
from sysinit_vm.tasks.output import STREAMED, end
from sysinit_vm.tasks.verb import verb
from sysinit_vm.vm import rebuild


@verb("rebuild", group="Content", examples=["sysinit-vm rebuild"], exits=[3, 4, 6], ends=STREAMED)
def rebuild_(c: Context, project: str | None = None, name: str | None = None) -> None:
    """Rebuild the guest's NixOS from the flake.

    `sudo nixos-rebuild switch` to FLAKE#FLAKE_CONFIGURATION of the settings, in the running guest.
    """
    target, vms = locate.target(project, name), lima(c)
    end(rebuild.system(vms, locate.running(vms, target), settings.flake_configuration()))
