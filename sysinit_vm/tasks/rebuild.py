"""rebuild: rebuild the NixOS of the running guest."""

from invoke.context import Context

from sysinit_vm import settings
from sysinit_vm.tasks.context import project_vm
from sysinit_vm.tasks.output import STREAMED, end
from sysinit_vm.tasks.verb import verb
from sysinit_vm.vm import rebuild


@verb("rebuild", group="NixOS", examples=["sysinit-vm rebuild"], exits=[3, 4, 6], ends=STREAMED)
def rebuild_(c: Context, project: str | None = None, name: str | None = None) -> None:
    """Rebuild the guest's NixOS from the flake.

    Run `sudo nixos-rebuild switch` to FLAKE#FLAKE_CONFIGURATION from the settings in the running guest.
    """
    vm = project_vm(c, project, name)
    end(rebuild.system(vm.lima, vm.running(), settings.flake_configuration()))
