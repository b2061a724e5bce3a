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
            hint=f"sysinit-vm logs {SOURCES[0]}",
        )
    return (source,)


Ends = dict[Path, int]
"""Where log files ended at one moment (bytes)."""


def lines(lima: Limactl, instance: Instance, source: str, count: int = 0, ends: Ends | None = None) -> Iterable[str]:
    """Return the last ``count`` lines of one source since the last start, or all for 0, without colours.

    Provisioning is read from the guest's journal, or from the console if the guest does not answer. With ``ends``,
    the files are read up to there, for ``follow`` to go on.
    """
    found = _provision_lines(lima, instance) if source == "provision" else _file_lines(instance, source, count, ends)
    return deque(found, count) if count else found


def _file_lines(instance: Instance, source: str, count: int, ends: Ends | None) -> Iterator[str]:
    last = count * files.LONGEST_LINE if count else None
    for path in _paths(instance, source):
        end = None if ends is None else ends.get(path, 0)
        yield from _plain(source, files.lines(path, last=last, end=end))


def _provision_lines(lima: Limactl, instance: Instance) -> list[str]:
    journal = ""
    if instance.running:
        journal = lima.run(instance.name, ("sh", "-c", _JOURNAL), timeout=60).out
    consoles = (files.lines(path, last=_CONSOLE) for path in instance.files.consoles)
    boot_lines = [plain(line) for line in (journal.split("\n") if journal else chain.from_iterable(consoles))]
    numbers = [number for number, line in enumerate(boot_lines) if _LIMA_LINE.search(line)]
    return boot_lines[numbers[0] : numbers[-1] + 1] if numbers else []


def ends(instance: Instance, source: str) -> Ends:
    """Return where the files of ``host`` or ``console`` end now; VmError for ``provision``, which has none."""
    if source == "provision":
        raise VmError("Provisioning cannot be followed.", hint="sysinit-vm logs --follow --source console")
    return {path: path.stat().st_size for path in _paths(instance, source)}


def follow(instance: Instance, source: str, offsets: Ends) -> Iterator[str]:
    """Yield the lines of ``host`` or ``console`` after ``offsets`` as they are written, while there is the instance.

    The offsets are taken before the last lines are shown: a line that is written meanwhile belongs to one of the two.
    """
    offsets = dict(offsets)
    while True:
        idle = True
        for path in _paths(instance, source):
            new_lines, offsets[path] = _new_lines(path, offsets.get(path, 0))
            yield from _plain(source, new_lines)
            idle = idle and not new_lines
        if idle and not os.path.isdir(instance.dir):  # noqa: PTH112  # is_dir raises
            return
        if idle:
            time.sleep(0.5)


def _new_lines(path: Path, offset: int) -> tuple[list[str], int]:
    """Return whole lines that follow ``offset`` (bytes), not all if they are many, and the offset after them."""
    try:
        stream = files.opened(path)
    except (OSError, ValueError):  # another file is in its place
        return [], offset
    with stream:
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


def _plain(source: str, raw_lines: Iterable[str]) -> Iterator[str]:
    for line in raw_lines:
        if source != "host":
            yield plain(line)
            continue
        level, text = message(line)
        if level != "debug":
            yield f"{level}: {text}"
