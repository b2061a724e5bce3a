"""What an idle VM holds of this machine's memory and disk, and what our command holds while a shell is attached."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from bench import machine, places
from bench.places import Place
from bench.runs import FIRST_SCREEN
from sysinit_vm.errors import VmError
from sysinit_vm.inventory import usage
from sysinit_vm.terminal.console import table
from tests.lima.terminal import Terminal

_IDLE = 30  # seconds after the start, in which the guest settles
_USED = "free -b | awk '/^Mem:/ {print $3}'; df --output=used -B1 / | tail -1"


@dataclass(frozen=True)
class Held:
    """Bytes that one idle VM of a ``template`` and a ``size`` of memory holds.

    ``driver`` and ``host_agent`` are the resident memory of QEMU and of Lima's host agent, ``guest`` what the guest
    itself counts as used. ``disk`` is what its directory uses of the host's, ``guest_disk`` what is used in the guest.
    While a shell is attached, ``shell`` is what our process alone holds, and ``shell_others`` what limactl and ssh do.
    """

    template: str
    size: str
    driver: int
    host_agent: int
    guest: int
    disk: int
    guest_disk: int
    shell: int
    shell_others: int


def run(templates: Sequence[str], sizes: Sequence[str]) -> list[Held]:
    """Boot one VM after the other, of each of ``templates`` with each of ``sizes`` (such as 2GiB) of memory."""
    return [_measured(template, size) for template in templates for size in sizes]


def _measured(template: str, size: str) -> Held:
    with places.booted(template, "--memory", size) as place:
        time.sleep(_IDLE)
        instance = machine.limactl().instance(place.vm)
        agent = instance.files.host_agent_pid() if instance else None
        if instance is None or agent is None:
            raise VmError(f"The VM {place.vm} does not run.")
        answer = machine.limactl().run(place.vm, ("sh", "-c", _USED), timeout=60)
        guest, guest_disk = (int(line) for line in answer.out.split())
        shell, others = _shell(place)
        return Held(
            template,
            size,
            usage.resident(instance) or 0,
            psutil.Process(agent).memory_info().rss,
            guest,
            usage.allocated(instance.dir),
            guest_disk,
            shell,
            others,
        )


def _shell(place: Place) -> tuple[int, int]:
    """Return what our process and those below it hold alone, in bytes, while a shell is attached."""
    argv = place.argv("sysinit-vm shell", places.programs(None))
    terminal = Terminal(argv, place.root, place.env(place.root))
    terminal.wait_for(FIRST_SCREEN)
    ours = next(process for process in psutil.Process().children() if process.cmdline()[-1:] == ["shell"])
    held = _alone(ours), sum(_alone(process) for process in ours.children(recursive=True))
    terminal.chord("\x01", "d")
    terminal.exit_status()
    return held


def _alone(process: psutil.Process) -> int:
    return int(process.memory_full_info().uss)


def print_report(measured: Sequence[Held]) -> None:
    """Print one row for each VM, in MiB."""
    columns = (
        "TEMPLATE",
        "SIZE",
        "QEMU",
        "HOST AGENT",
        "IN GUEST",
        "DISK",
        "DISK IN GUEST",
        "SHELL: OURS",
        "SHELL: REST",
    )
    rows = []
    for held in measured:
        template, size, *counts = asdict(held).values()
        rows.append([template, size, *(f"{count / 2**20:.0f}" for count in counts)])
    table(columns, rows)


def as_data(measured: Sequence[Held]) -> Mapping[str, Any]:
    """Return it as JSON's values, in bytes."""
    return {"vms": [asdict(held) for held in measured]}
