"""Whether the guest has what its config says: the guest itself is asked.

After a change of mounts, Lima has mounted the wrong directory (lima#3957).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sysinit_vm.config.sizes import in_bytes, whole
from sysinit_vm.errors import VmError
from sysinit_vm.guest import checks
from sysinit_vm.guest.checks import GuestState
from sysinit_vm.host_path import expanded
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl

_LEAST_MEMORY = 0.80  # the part of its memory that a guest counts at least; its kernel keeps the rest
_MOST_NAMES = 200  # of a directory that are compared


def require(lima: Limactl, instance: Instance, wanted: Mapping[str, Any]) -> None:
    """VmError if the guest of ``instance`` has not the CPUs, memory, environment and mounts of ``wanted``."""
    mounts = {str(mount.get("mountPoint") or mount["location"]): str(mount["location"]) for mount in _mounts(wanted)}
    state = checks.state(lima, instance.name, list(wanted.get("env") or {}), list(mounts), _MOST_NAMES)
    differences = [*_machine(state, wanted), *_environment(state, wanted), *_directories(state, mounts)]
    if differences:
        raise VmError(
            f"{instance.name} runs, but not as its config says.",
            detail="\n".join(differences),
            hint="sysinit-vm restart",
        )


def _mounts(wanted: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those that have no template for Lima to fill in."""
    mounts = wanted.get("mounts") or []
    return [mount for mount in mounts if "{{" not in f"{mount.get('location')}{mount.get('mountPoint')}"]


def _machine(state: GuestState, wanted: Mapping[str, Any]) -> Iterator[str]:
    cpus, memory = whole(wanted.get("cpus")), in_bytes(wanted.get("memory"))
    if cpus and state.cpus != cpus:
        yield f"cpus: the guest has {state.cpus}, not {cpus}"
    if isinstance(memory, int) and not memory * _LEAST_MEMORY <= state.memory <= memory:
        yield f"memory: the guest has {state.memory // 2**20} MiB, not {memory // 2**20} MiB"


def _environment(state: GuestState, wanted: Mapping[str, Any]) -> Iterator[str]:
    for name, value in (wanted.get("env") or {}).items():
        text = value if isinstance(value, str) else json.dumps(value)  # as Lima reads what it gets from us
        if state.env.get(name) != text:
            yield f"env: {name} is {state.env.get(name)!r} in the guest, not {text!r}"


def _directories(state: GuestState, mounts: Mapping[str, str]) -> Iterator[str]:
    for mount_point, location in mounts.items():
        host = sorted(path.name for path in expanded(location).iterdir())[:_MOST_NAMES]
        if sorted(state.names.get(mount_point, ())) != host:
            yield f"mounts: {mount_point} in the guest does not hold what {location} holds"
