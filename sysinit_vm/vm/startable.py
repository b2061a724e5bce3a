"""Whether this machine, as it is, could start a new VM: told before a project is changed for it."""

from sysinit_vm.config.document import Config
from sysinit_vm.effective import prepare, resolve
from sysinit_vm.errors import VmError
from sysinit_vm.machine import facts
from sysinit_vm.projects.project import Project


def require(config: Config, project: Project, name: str) -> None:
    """VmError if no image is here or can be built with which a new VM ``name`` could mount ``project`` safely."""
    machine = facts.gather()
    choice = resolve.choose_image(config, machine)
    if choice.entry is not None and not choice.buildable:
        resolve.require_mountable(config, prepare.prepared(config, project, name, machine), machine)


def is_startable(config: Config, project: Project, name: str) -> bool:
    """Whether ``require`` raises nothing."""
    try:
        require(config, project, name)
    except VmError:
        return False
    return True
