"""The sizes of a VM: what its config asks for, and at most what this machine has."""

import contextlib
from typing import Any

from sysinit_vm.config import sizes
from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError, edit
from sysinit_vm.machine.facts import Facts

_LEAST_SIZE = 2**20  # bytes
_SMALL_MAC = 16 * 1024  # MiB


def capped(config: Config, facts: Facts) -> list[str]:
    """Return the notes for sizes that are more than this machine has; none for a config that cannot be used."""
    with contextlib.suppress(VmError):  # a start says it
        return [note for _, note in (cpus(config, facts), memory(config, facts)) if note]
    return []


def cpus(config: Config, facts: Facts) -> tuple[Any, str]:
    """Return the CPUs, at most what the machine has, and a note if these are fewer; VmError if it is no number.

    QEMU would be given a negative number, and Lima cuts 2.5 to 2.
    """
    stated, most = config.data.get("cpus"), facts.cpus
    if stated is None:
        return min(4, most), ""
    wanted = sizes.whole(stated)
    if wanted is None:
        raise impossible(config, "cpus", stated, "It is a whole number from 1 up.")
    if wanted > most:
        return most, f"cpus: {stated} in the config becomes {most}, all that this machine has."
    return stated, ""


def memory(config: Config, facts: Facts) -> tuple[Any, str]:
    """Return the memory as the config has it, or less, and a note for the user that may be empty; None if it has none.

    It is at most what the machine has, and on a Mac with up to 16 GiB half of that, because macOS needs the rest.
    Lima's own default is half, and never more than 4 GiB.
    """
    stated, wanted = config.data.get("memory"), in_bytes(config, "memory")
    small_mac = facts.system == "Darwin" and facts.memory <= _SMALL_MAC
    most, why = (facts.memory // 2, "half of this Mac's") if small_mac else (facts.memory, "all that this machine has")
    if wanted is None or wanted <= most * 2**20:
        return stated, ""
    return f"{most}MiB", f"memory: {stated} in the config becomes {most}MiB, {why}."


def in_bytes(config: Config, key: str) -> int | None:
    """Return the size ``key`` in bytes, None if it is left to Lima. VmError if it is none, or nothing fits into it.

    Lima takes a number without a unit for bytes, and gives QEMU whole MiB.
    """
    stated = config.data.get(key)
    if stated in (None, ""):
        return None
    size = sizes.in_bytes(stated)
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise impossible(config, key, stated, "It is a number and a unit, such as 8GiB or 512MiB.")
    if size < _LEAST_SIZE:
        why = f"That is {size} bytes, as Lima takes a number without a unit. Write one, such as 8GiB or 512MiB."
        raise impossible(config, key, stated, why)
    return size


def impossible(config: Config, key: str, value: object, why: str) -> VmError:
    """Return the error for a ``value`` of ``key`` (such as ``memory``) that this machine cannot have, with its line."""
    where = config.place(key)
    return VmError(f"{key}: {value!r} in {where} is not possible here.", detail=why, hint=edit(config.path))
