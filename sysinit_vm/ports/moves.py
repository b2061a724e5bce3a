"""Which declared host port each moved one of a VM stands for: who edits that line of the config wants the new port."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.errors import VmError
from sysinit_vm.ports.forwards import Forward, Key

_RECORD = "sysinit-vm-moved-ports.json"  # in the instance's directory, so that it goes with the VM


def remember(directory: Path, declared: Iterable[Forward], hosts: Mapping[Key, int], had: Mapping[Key, int]) -> None:
    """Keep what the ``declared`` forwards were moved from that now have other ``hosts`` than they ``had``.

    ``directory`` is the instance's (absolute; nothing is kept if it does not exist). Without the record, a moved port
    stays where it is.
    """
    moved = {
        forward.key: forward.host
        for forward in declared
        if hosts[forward.key] not in {forward.host, had.get(forward.key)}
    }
    if moved and directory.is_dir():
        rows = [[*key, host] for key, host in {**remembered(directory), **moved}.items()]
        with suppress(VmError):
            files.write(directory / _RECORD, json.dumps(rows), mode=0o600)


def remembered(directory: Path) -> dict[Key, int]:
    """Return the declared host port of each forward that was moved; empty if that is not known."""
    with suppress(OSError, ValueError, TypeError, RecursionError):
        rows = json.loads(files.read_or_empty(directory / _RECORD))
        return {(guest_ip, guest, proto): host for guest_ip, guest, proto, host in rows}
    return {}
