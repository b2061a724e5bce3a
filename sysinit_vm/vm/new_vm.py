"""What there has to be before a new VM can be made: its image, and a config that Lima takes."""

import os
from pathlib import Path

from sysinit_vm.config.document import Config
from sysinit_vm.effective import prepare, resolve
from sysinit_vm.errors import VmError, edit
from sysinit_vm.images import available
from sysinit_vm.images.available import Choice
from sysinit_vm.lima import disk_image
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine import accelerator, facts
from sysinit_vm.machine.facts import Facts
from sysinit_vm.projects import committed_config
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.vm import permission, validity
from sysinit_vm.vm.options import StartOptions


def require(lima: Limactl, name: str, project: Project, options: StartOptions, progress: Progress) -> None:
    """Build the image for ``project``'s new VM ``name`` if there is none; VmError if a start would then not make it.

    This is for a VM that is to be deleted for the new one: all that can fail before Lima is given the new one.
    """
    committed, machine = options.committed or committed_config.load(project), facts.gather()
    choice = image(lima, name, project, options, progress, committed=committed, machine=machine)
    _require_own_data(choice, project)
    accelerator.choose(lima.runner, machine, options.accelerator, available.kernels(machine.lima_home, choice.kernel))
    wanted = prepare.prepared(committed, project, name, machine)
    resolve.require_mountable(committed, wanted, machine)
    validity.require(lima, permission.planned(committed, project, name, wanted.data), committed.path)


def image(
    lima: Limactl,
    name: str,
    project: Project,
    options: StartOptions,
    progress: Progress,
    *,
    committed: Config,
    machine: Facts,
) -> Choice:
    """Return the image for ``project``'s new VM ``name``, which is built if this ``machine`` has none.

    Lima is asked first whether it takes the config: create would refuse that too, but only after the build. VmError if
    it does not, or if no image can be had.
    """
    choice = resolve.choose_image(committed, machine)
    if choice.entry is None and choice.buildable:
        validity.require(lima, permission.unbuilt(committed, project, name), committed.path)
        say("  Building the guest image: 3 to 6 minutes, once.")
        progress.stage("building the guest image")
        options.build_image(available.directory(machine.lima_home), progress)
    return _chosen(committed, machine, project)


def _chosen(committed: Config, machine: Facts, project: Project) -> Choice:
    """Return the image for the VM; VmError if there is none."""
    choice = resolve.choose_image(committed, machine)
    on_linux = machine.system == "Linux"
    if choice.entry is None and not choice.left_to_lima:
        raise VmError(
            f"This machine can use none of the images in {project.config}.",
            detail="No image exists locally, no download is for this architecture, and none can be built here.",
            hint="sysinit-vm setup, then sysinit-vm build.debian" if on_linux else edit(project.config),
        )
    return choice


def _require_own_data(choice: Choice, project: Project) -> None:
    """VmError if the image, which is here, keeps its data in another file: the VM made of it would be refused."""
    if choice.entry is None or choice.remote:
        return
    location = os.path.realpath(str(choice.entry["location"]))
    why = disk_image.refers_elsewhere(Path(location))
    if why:
        raise VmError(
            f"The image of {project.config} is refused.",
            detail=f"It keeps its data in another file of this machine: {location}: {why}.",
            hint=edit(project.config),
        )
