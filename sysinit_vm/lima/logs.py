"""The logs of a VM, also of a failed start: the host agent's, the guest's console, and provisioning."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

from sysinit_vm.errors import UsageError, VmError
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.messages import message

SOURCES = ("host", "console", "provision")
_JOURNAL = "sudo journalctl -b -o cat --no-pager"
_LIMA_LINE = re.compile(r"LIMA \S+\| ")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


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


def lines(lima: Limactl, instance: Instance, source: str) -> list[str]:
    """Return every line of one source since the last start, without colours; empty if there are none.

    Provisioning is read from the guest's journal, or from the console if the guest does not answer.
    """
    if source == "provision":
        return _provision_lines(lima, instance)
    plain_lines = [_plain(source, line) for path in _paths(instance, source) for line in _read_lines(path)]
    return [line for line in plain_lines if not line.startswith("debug: ")]


def _provision_lines(lima: Limactl, instance: Instance) -> list[str]:
    journal = None
    if instance.running:
        journal = lima.run(instance.name, ("sh", "-c", _JOURNAL), timeout=60)
    boot_lines = journal.out.splitlines() if journal and journal.ok else lines(lima, instance, "console")
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
        for path in _paths(instance, source):
            offset = offsets.get(path, 0)
            new_bytes = path.read_bytes()[offset if path.stat().st_size >= offset else 0 :]
            whole_lines = new_bytes[: new_bytes.rfind(b"\n") + 1]
            yield from (_plain(source, line) for line in whole_lines.decode(errors="replace").splitlines())
            offsets[path] = path.stat().st_size - len(new_bytes) + len(whole_lines)
        time.sleep(0.5)


def _paths(instance: Instance, source: str) -> list[Path]:
    if source == "console":
        return instance.files.consoles
    log = instance.files.host_agent_log
    return [log] if log.exists() else []


def _read_lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines()


def _plain(source: str, line: str) -> str:
    if source == "host":
        level, text = message(line)
        return f"{level}: {text}"
    return _ANSI.sub("", line)
