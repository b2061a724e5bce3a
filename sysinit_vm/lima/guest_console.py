"""What the guest's console tells of a boot that goes wrong. The guest prints there what and as much as it likes."""

import re

from sysinit_vm import files
from sysinit_vm.lima.instance_files import InstanceFiles

_MISSED_TIMER = "timer wakeup didn't happen"
_TAIL = 2**18  # bytes at a console's end
_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def timer_stalled(instance_files: InstanceFiles, since: float) -> bool:
    """Whether the guest's kernel reported twice, in the last 256 KiB, that a CPU's timer does not fire.

    Only consoles written to after ``since`` (seconds since the epoch) count. A single report may come from a busy host
    (Linux, kernel/rcu/tree_stall.h).
    """
    consoles = [path for path in instance_files.consoles if path.stat().st_mtime >= since]
    return any(sum(_MISSED_TIMER in line for line in files.lines(path, last=_TAIL)) > 1 for path in consoles)


def last_lines(instance_files: InstanceFiles, count: int) -> str:
    """Return the last ``count`` lines, without colours, of the console written to last; empty if there are none."""
    for path in sorted(instance_files.consoles, key=lambda path: path.stat().st_mtime, reverse=True):
        text = "\n".join(map(plain, files.lines(path, last=_TAIL))).strip()
        if text:
            return "\n".join(text.split("\n")[-count:])
    return ""


def plain(line: str) -> str:
    """Return a line without colours and cursor movements. What is left is not safe until it is escaped."""
    return _STYLE.sub("", line)
