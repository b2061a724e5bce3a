"""sync: bring the running guest up to date."""

from dataclasses import replace

from invoke.context import Context

from sysinit_vm import settings
from sysinit_vm.errors import StateError
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.projects.locate import Target
from sysinit_vm.projects.project import Project
from sysinit_vm.tasks.context import project_vm
from sysinit_vm.tasks.output import STREAMED, done, end
from sysinit_vm.tasks.start_options import request
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say
from sysinit_vm.vm import rebuild


@verb(
    group="Content",
    examples=["sysinit-vm sync"],
    exits=[3, 4, 5, 6],
    ends=STREAMED,
    provision="Run the project's own provisioning again, also in a guest that has Nix.",
)
def sync(c: Context, provision: bool = False, project: str | None = None, name: str | None = None) -> None:
    """Bring the running guest up to date.

    No restart is needed. In a guest with Nix, run `home-manager switch` to FLAKE#FLAKE_CONFIGURATION from the settings.

    In other guests, run the `provision` scripts of the project's current config again, in the order of a boot. Scripts
    that fail are named at the end.
    """
    vm = project_vm(c, project, name)
    instance = vm.running()
    if provision or not rebuild.has_nix(vm.lima, instance):
        _provision(c, vm.target, vm.lima, instance)
    else:
        end(rebuild.home(vm.lima, instance, settings.flake_configuration()))


def _provision(c: Context, target: Target, limactl: Limactl, instance: Instance) -> None:
    from sysinit_vm.vm.reprovision import reprovision

    if instance.project_dir is None:
        raise StateError(f"{instance.name} belongs to no project.", hint="sysinit-vm list")
    project = Project(instance.project_dir)
    config = request(c, replace(target, project=project, name=instance.name)).require()
    say(f"Provisioning {instance.name} from {project.config}")
    end(reprovision(limactl, instance, project, config))
    done(c, f"Provisioned {instance.name}.")
