"""The guest itself is asked whether it has what its config says.

After a mount change, the wrong directory has been seen mounted (lima#3957).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sysinit_vm.config.sizes import in_bytes
from sysinit_vm.errors import VmError
from sysinit_vm.guest import checks
from sysinit_vm.guest.checks import Seen
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl

_KERNELS_OWN = 0.80  # of the memory is what a guest sees at the least; its kernel keeps the rest
_ENOUGH = 200  # names of a directory that are compared


def require(lima: Limactl, instance: Instance, wished: Mapping[str, Any]) -> None:
    """Return if the guest of ``instance`` has the CPUs, memory, environment and mounts of ``wished``; VmError else."""
    mounts = {str(each.get("mountPoint") or each["location"]): str(each["location"]) for each in _mounts(wished)}
    seen = checks.sees(lima, instance.name, list(wished.get("env") or {}), list(mounts), _ENOUGH)
    wrong = [*_machine(seen, wished), *_environment(seen, wished), *_directories(seen, mounts)]
    if wrong:
        raise VmError(
            f"{instance.name} runs, but not as its config says.", detail="\n".join(wrong), hint="sysinit-vm restart"
        )


def _mounts(wished: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those whose places need no template of Lima's."""
    every = wished.get("mounts") or []
    return [each for each in every if "{{" not in f"{each.get('location')}{each.get('mountPoint')}"]


def _machine(seen: Seen, wished: Mapping[str, Any]) -> Iterator[str]:
    cpus, memory = wished.get("cpus"), in_bytes(wished.get("memory"))
    if isinstance(cpus, int) and seen.cpus != cpus:
        yield f"cpus: the guest has {seen.cpus}, not {cpus}"
    if isinstance(memory, int) and not memory * _KERNELS_OWN <= seen.memory <= memory:
        yield f"memory: the guest has {seen.memory // 2**20} MiB, not {memory // 2**20} MiB"


def _environment(seen: Seen, wished: Mapping[str, Any]) -> Iterator[str]:
    for name, value in (wished.get("env") or {}).items():
        if seen.env.get(name) != str(value):
            yield f"env: {name} is {seen.env.get(name)!r} in the guest, not {value!r}"


def _directories(seen: Seen, mounts: Mapping[str, str]) -> Iterator[str]:
    for place, location in mounts.items():
        host = sorted(path.name for path in Path(location).expanduser().iterdir())[:_ENOUGH]
        if sorted(seen.names.get(place, ())) != host:
            yield f"mounts: {place} in the guest does not hold what {location} holds"
