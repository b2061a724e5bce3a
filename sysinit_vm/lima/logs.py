"""What a VM and its host agent said: host, console and provisioning, also of a failed start."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

from sysinit_vm.errors import UsageError, VmError
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.messages import message

SOURCES = ("host", "console", "provision")
_FILES = {"host": "ha.stderr.log", "console": "serial*.log"}
_NO_TIMER = "timer wakeup didn't happen"
_PROVISION = "sudo journalctl -b -o cat --no-pager"
_LIMA_LINE = re.compile(r"LIMA \S+\| ")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def checked(source: str | None) -> tuple[str, ...]:
    """Return the sources that ``--source`` means, all without it; UsageError for an unknown one."""
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
    """Return every line of one source since the last start, without colours; empty where it said nothing.

    Provisioning is asked of the guest's journal, or read off the console where the guest does not answer.
    """
    if source == "provision":
        return _provision(lima, instance)
    said = [_plain(source, line) for path in _paths(instance.dir, source) for line in _read(path)]
    return [line for line in said if not line.startswith("debug: ")]


def _provision(lima: Limactl, instance: Instance) -> list[str]:
    done = None
    if instance.running:
        done = lima.run(instance.name, ("sh", "-c", _PROVISION), timeout=60)
    said = done.out.splitlines() if done and done.ok else lines(lima, instance, "console")
    marks = [number for number, line in enumerate(said) if _LIMA_LINE.search(line)]
    return said[marks[0] : marks[-1] + 1] if marks else []


def follow(instance: Instance, source: str) -> Iterator[str]:
    """Yield lines of ``host`` or ``console`` as they are written, until the caller stops.

    VmError for ``provision``, which has no file on the host.
    """
    if source == "provision":
        raise VmError("Provisioning cannot be followed.", hint="sysinit-vm logs --follow --source console")
    seen = {path: path.stat().st_size for path in _paths(instance.dir, source)}
    while True:
        for path in _paths(instance.dir, source):
            before = seen.get(path, 0)
            fresh = path.read_bytes()[before if path.stat().st_size >= before else 0 :]
            whole = fresh[: fresh.rfind(b"\n") + 1]
            yield from (_plain(source, line) for line in whole.decode(errors="replace").splitlines())
            seen[path] = path.stat().st_size - len(fresh) + len(whole)
        time.sleep(0.5)


def stalled(instance_dir: Path, since: float) -> bool:
    """Whether the guest's kernel said twice that a CPU's timer does not come, on a console written to after ``since``.

    ``since`` in seconds since the epoch. What is said once may be a busy host's doing (Linux, kernel/rcu/tree_stall.h).
    """
    consoles = [path for path in _paths(instance_dir, "console") if path.stat().st_mtime >= since]
    return any(path.read_text(errors="replace").count(_NO_TIMER) > 1 for path in consoles)


def tail(instance_dir: Path, lines: int) -> str:
    """Return the last ``lines`` of the guest's console, empty where it has said nothing."""
    logs = sorted(_paths(instance_dir, "console"), key=lambda path: path.stat().st_mtime)
    texts = [text for path in logs if (text := path.read_text(errors="replace").strip())]
    return "\n".join(texts[-1].splitlines()[-lines:]) if texts else ""


def _paths(instance_dir: Path, source: str) -> list[Path]:
    return sorted(path for path in instance_dir.glob(_FILES[source]) if path.stat().st_size)


def _read(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines()


def _plain(source: str, line: str) -> str:
    if source == "host":
        level, text = message(line)
        return f"{level}: {text}"
    return _ANSI.sub("", line)
