"""Wait for a start that another command began."""

from time import sleep

from sysinit_vm.errors import VmError
from sysinit_vm.lima import recovery
from sysinit_vm.lima.events import host_agent_ready
from sysinit_vm.lima.instance import STOPPED, Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.vm import failed_start
from sysinit_vm.vm.options import StartOptions


def after_killed_start(
    lima: Limactl, instance: Instance | None, options: StartOptions, progress: Progress
) -> Instance | None:
    """Return the instance as it is when no limactl starts it any more: one outlives a sysinit-vm that was killed."""
    if instance is None or instance.status != STOPPED or not recovery.starting(instance.name):
        return instance
    while recovery.starting(instance.name):
        progress.stage("waiting for the limactl of an earlier start, which was killed")
        if progress.seconds > options.timeout:
            raise VmError(
                f"The VM {instance.name} is still being started.",
                detail="The limactl of an earlier start goes on.",
                hint=f"sysinit-vm logs, or sysinit-vm start --timeout {2 * options.timeout}",
            )
        sleep(1)
    return lima.instance(instance.name)


def await_host_agent(lima: Limactl, instance: Instance, options: StartOptions, progress: Progress) -> None:
    """Wait for a VM that another start, perhaps an interrupted one, is still booting."""
    while (ready := host_agent_ready(instance)) is not True:
        progress.stage("waiting for the VM, which is already booting")
        still = lima.instance(instance.name)
        if ready is False or still is None or not still.running or progress.seconds > options.timeout:
            raise VmError(
                f"The VM {instance.name} did not become ready.",
                detail=failed_start.last_words(instance.files),
                hint="sysinit-vm logs, or sysinit-vm restart",
            )
        sleep(1)
