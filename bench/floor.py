"""The stages of a start on one clock, from the moment limactl begins to READY."""

import itertools
import re
from collections.abc import Mapping

from bench.machine import Machine, Took

Stage = tuple[str, float, float]
"""Its name, its seconds on the clock, and its seconds of QEMU's processor time."""

_ASK = r"""
echo "now=$(date +%s.%N) uptime=$(cut -d' ' -f1 /proc/uptime)"
systemctl show --property=UserspaceTimestampMonotonic
for unit in ssh lima-guestagent; do
  echo "$unit=$(systemctl show $unit --property=ActiveEnterTimestampMonotonic --value)"
done
echo BLAME
systemd-analyze blame --no-pager | head -8
echo JOURNAL
sudo journalctl -b -o short-monotonic --no-pager | grep -E ' LIMA [^|]*\| (Executing|Exiting)'
"""
_SCRIPT = re.compile(r"^\[ *([\d.]+)\].*\| (.*)$", re.MULTILINE)


def stages(machine: Machine, took: Took) -> tuple[list[Stage], list[str]]:
    """Return the stages of ``machine``'s last start, and remarks about what was slow in the guest."""
    facts, blame, journal = _guest(machine.sh(_ASK))
    kernel = facts["now"] - facts["uptime"]
    scripts = [(float(at), what) for at, what in _SCRIPT.findall(journal)]
    marks = [
        ("limactl, until it starts QEMU", took.qemu),
        ("firmware, and unpacking the kernel", kernel),
        ("kernel and initrd", kernel + facts["UserspaceTimestampMonotonic"] / 1e6),
        ("systemd and its units, until Lima's boot.sh", kernel + scripts[0][0]),
        ("Lima's boot.sh", kernel + scripts[-1][0]),
        ("until Lima notices (asked every 3 s, its guest agent every 10 s)", took.ready),
    ]
    parts, before = [], took.began
    for text, at in marks:
        parts.append((text, at - before, took.used(at) - took.used(before)))
        before = at
    remarks = [f"sshd up after {kernel - took.began + facts['ssh'] / 1e6:.0f} s"]
    remarks += [f"Lima's guest agent up after {kernel - took.began + facts['lima-guestagent'] / 1e6:.0f} s"]
    remarks += [f"unit {line.split()[-1]}: {' '.join(line.split()[:-1])}" for line in blame]
    return parts, [*remarks, *_slow(scripts)]


def _slow(scripts: list[tuple[float, str]]) -> list[str]:
    took = [(after - at, what) for (at, what), (after, _) in itertools.pairwise(scripts)]
    return [f"{what.rpartition('/')[2]}: {seconds:.1f}s" for seconds, what in sorted(took, reverse=True)[:6]]


def _guest(text: str) -> tuple[Mapping[str, float], list[str], str]:
    head, _, rest = text.partition("BLAME\n")
    blame, _, journal = rest.partition("JOURNAL\n")
    facts = {key: float(value) for key, value in re.findall(r"(\S+)=([\d.]+)", head)}
    return facts, blame.splitlines(), journal
