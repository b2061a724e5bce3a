"""The logs of a VM, also of a failed start: the host agent's, the guest's console, and provisioning."""

import os
import re
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.errors import UsageError, VmError
from sysinit_vm.lima.guest_console import plain
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.messages import message

SOURCES = ("host", "console", "provision")
_JOURNAL = "sudo journalctl -b -o cat --no-pager | head -c 8000000"  # provisioning is at its beginning
_LIMA_LINE = re.compile(r"LIMA \S+\| ")
_CONSOLE = 2**24  # bytes of a console that are searched for provisioning
_CHUNK = 2**20  # bytes


def checked_sources(source: str | None) -> tuple[str, ...]:
    """Return the sources that ``--source`` selects, all of them for None; UsageError if there is no such source."""
    if source is None:
        return SOURCES
    if source not in SOURCES:
        raise UsageError(
            f"There is no log {source!r}.",
            detail=f"The logs are: {', '.join(SOURCES)}.",
            hint="sysinit-vm logs",
        )
    return (source,)


def lines(lima: Limactl, instance: Instance, source: str, count: int = 0) -> Iterable[str]:
    """Return the last ``count`` lines of one source since the last start, or all for 0, without colours.

    Provisioning is read from the guest's journal, or from the console if the guest does not answer.
    """
    found = _provision_lines(lima, instance) if source == "provision" else _file_lines(instance, source, count)
    return deque(found, count) if count else found


def _file_lines(instance: Instance, source: str, count: int) -> Iterator[str]:
    last = count * files.LONGEST_LINE if count else None
    for path in _paths(instance, source):
        plain_lines = (_plain(source, line) for line in files.lines(path, last=last))
        yield from (line for line in plain_lines if not line.startswith("debug: "))


def _provision_lines(lima: Limactl, instance: Instance) -> list[str]:
    journal = ""
    if instance.running:
        journal = lima.run(instance.name, ("sh", "-c", _JOURNAL), timeout=60).out
    consoles = (files.lines(path, last=_CONSOLE) for path in instance.files.consoles)
    boot_lines = [plain(line) for line in (journal.split("\n") if journal else chain.from_iterable(consoles))]
    numbers = [number for number, line in enumerate(boot_lines) if _LIMA_LINE.search(line)]
    return boot_lines[numbers[0] : numbers[-1] + 1] if numbers else []


def follow(instance: Instance, source: str) -> Iterator[str]:
    """Yield the lines of ``host`` or ``console`` as they are written, until the caller stops.

    VmError for ``provision``, which has no file on the host.
    """
    if source == "provision":
        raise VmError("Provisioning cannot be followed.", hint="sysinit-vm logs --follow --source console")
    offsets = {path: path.stat().st_size for path in _paths(instance, source)}
    while True:
        idle = True
        for path in _paths(instance, source):
            new_lines, offsets[path] = _new_lines(path, offsets.get(path, 0))
            yield from (_plain(source, line) for line in new_lines)
            idle = idle and not new_lines
        if idle:
            time.sleep(0.5)


def _new_lines(path: Path, offset: int) -> tuple[list[str], int]:
    """Return whole lines that follow ``offset`` (bytes), not all if they are many, and the offset after them."""
    with path.open("rb") as stream:
        start = offset if os.fstat(stream.fileno()).st_size >= offset else 0  # a start writes the log anew
        stream.seek(start)
        data = stream.read(_CHUNK)
    whole = data if len(data) == _CHUNK and b"\n" not in data else data[: data.rfind(b"\n") + 1]
    return whole.decode(errors="replace").removesuffix("\n").split("\n") if whole else [], start + len(whole)


def _paths(instance: Instance, source: str) -> list[Path]:
    if source == "console":
        return instance.files.consoles
    log = instance.files.host_agent_log
    return [log] if log.exists() else []


def _plain(source: str, line: str) -> str:
    if source == "host":
        level, text = message(line)
        return f"{level}: {text}"
    return plain(line)
