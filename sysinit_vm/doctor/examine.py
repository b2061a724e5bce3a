"""Everything that can be examined, from the machine inward."""

from sysinit_vm.doctor import machine, project, vm
from sysinit_vm.doctor.finding import WRONG, Finding
from sysinit_vm.errors import VmError
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.machine.host import Host
from sysinit_vm.projects import locate
from sysinit_vm.projects.locate import Target
from sysinit_vm.runner import Runner


def everything(runner: Runner, lima: Limactl | None, target: Target | None) -> list[Finding]:
    """Return what is found of this machine, the project of ``target`` and its VM, where there are any."""
    findings = [*machine.examine(runner, Host.read()), *project.examine(lima, target)]
    if lima is None or target is None:
        return findings
    try:
        instance = locate.locate(lima, target).instance
        return findings if instance is None else [*findings, *vm.examine(lima, instance)]
    except VmError as error:
        return [*findings, Finding(vm.AREA, "state", WRONG, f"{error.brief} {error.detail}".strip(), error.hint)]
