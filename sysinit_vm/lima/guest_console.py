"""What the guest's console tells of a boot that goes wrong."""

from sysinit_vm.lima.instance_files import InstanceFiles

_MISSED_TIMER = "timer wakeup didn't happen"


def timer_stalled(files: InstanceFiles, since: float) -> bool:
    """Whether the guest's kernel reported twice that a CPU's timer does not fire.

    Only consoles written to after ``since`` (seconds since the epoch) count. A single report may come from a busy host
    (Linux, kernel/rcu/tree_stall.h).
    """
    consoles = [path for path in files.consoles if path.stat().st_mtime >= since]
    return any(path.read_text(errors="replace").count(_MISSED_TIMER) > 1 for path in consoles)


def last_lines(files: InstanceFiles, count: int) -> str:
    """Return the last ``count`` lines of the console written to last; empty if there are none."""
    consoles = sorted(files.consoles, key=lambda path: path.stat().st_mtime)
    texts = [text for path in consoles if (text := path.read_text(errors="replace").strip())]
    return "\n".join(texts[-1].splitlines()[-count:]) if texts else ""
