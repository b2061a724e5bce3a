"""What a mount of each type costs on this host, and whether a guest sees the host's edits through it."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import boot, edits, machine
from bench.machine import Machine
from sysinit_vm.errors import VmError
from sysinit_vm.terminal.console import say, table

# Lima has one mount type for a whole VM; what can vary within a VM is a mount of its own.
TYPES: dict[str, dict[str, dict[str, Any]]] = {
    "9p": {
        f"9p, cache {cache}": {"9p": {"securityModel": "none", "cache": cache}}
        for cache in ("mmap", "loose", "fscache")  # safe; fast; Lima's own for what is read-only
    },
    "virtiofs": {"virtiofs": {}},
    "reverse-sshfs": {"reverse-sshfs": {}},
}
COLUMNS = {
    "status": "git status, 10,000 files",
    "again": "again",
    "write": "write 256 MiB",
    "read": "read 256 MiB",
    "create": "create 2,000 files",
}
_WORK = r"""
set -eu
cd "$1"
drop() { sync; echo 3 | sudo tee /proc/sys/vm/drop_caches >/dev/null; }
took() {
  local name=$1 from=$EPOCHREALTIME; shift
  "$@" >/dev/null 2>&1
  awk "BEGIN {printf \"%s=%.2f\n\", \"$name\", $EPOCHREALTIME - $from}"
}
create() { mkdir small; for i in {1..2000}; do echo "$i" >"small/$i"; done; sync -f small; }
status() { git -c safe.directory='*' -C repository status --short; }
drop; took status status
took again status
took write dd if=/dev/zero of=big bs=1M count=256 conv=fsync
drop; took read dd if=big of=/dev/null bs=1M
took create create
rm -rf big small
"""


@dataclass
class Row:
    """One kind of mount: seconds by column, unseen edits by kind; ``why`` says why there are none."""

    name: str
    seconds: dict[str, float] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    why: str = ""


def run(types: list[str]) -> list[Row]:
    """Measure mounts of the named Lima types, one VM for each; a type takes some ten minutes under emulation."""
    disk = boot.images(theirs=False)[boot.OURS]
    with machine.home() as lima_home:
        env = machine.acceleration(disk.with_suffix(".vmlinuz"))
        return [row for kind in types for row in _of_type(kind, disk, lima_home, env)]


def _of_type(kind: str, disk: Path, lima_home: Path, env: Any) -> Iterator[Row]:
    shares = {name: _share(lima_home / f"{kind}-{number}") for number, name in enumerate(TYPES[kind])}
    mounts = [{"location": str(shares[name]), "writable": True, **more} for name, more in TYPES[kind].items()]
    vm = Machine(machine.limactl(), kind, machine.config(disk, lima_home, mounts=mounts, mountType=kind), env)
    try:
        vm.create()
    except VmError as error:
        yield from (Row(name, why=error.detail.splitlines()[-1]) for name in shares)
        return
    for name, share in shares.items():
        if share.name not in vm.sh("findmnt -rno TARGET"):
            yield Row(name, why="It is not mounted.")
            continue
        say(f"{name} …")
        row = Row(name, _seconds(vm, share), edits.count_unseen(vm, share))
        say(f"{row.seconds}, edits unseen: {row.unseen}")
        yield row
    vm.stop()
    vm.delete()


def _share(path: Path) -> Path:
    """Make a directory with a repository of 10,000 files.

    git compares only sizes and times of change, because a file's inode differs through each mount.
    """
    repository = path / "repository"
    for number in range(10_000):
        file = repository / f"{number // 100:03d}" / f"{number:05d}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"file {number}\n")
    git = ["git", "-C", str(repository), "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    minimal = (["config", "core.checkStat", "minimal"], ["config", "core.trustctime", "false"])
    for words in (["init", "--quiet"], *minimal, ["add", "."], ["commit", "--quiet", "--message=all"]):
        subprocess.run([*git, *words], check=True)
    return path


def _seconds(vm: Machine, share: Path) -> dict[str, float]:
    done = vm.lima.run(vm.name, ["bash", "-c", _WORK, "bash", str(share)], timeout=machine.TIMEOUT)
    if not done.ok:
        raise VmError(f"The work in {share} failed.", detail=done.err)
    return {name: float(value) for name, value in re.findall(r"^(\w+)=([\d.]+)$", done.out, re.MULTILINE)}


def show(rows: list[Row]) -> None:
    """Print the seconds, their ratio to the first row's, and how many of the host's edits went unseen."""
    base = next((row.seconds for row in rows if row.seconds), {})
    lines = []
    for row in rows:
        cells = [f"{row.seconds[key]:.1f} ({row.seconds[key] / base[key]:.2f})" for key in row.seconds]
        missed = [f"{kind} {number}" for kind, number in row.unseen.items() if number]
        edits_seen = f"of {edits.ROUNDS} each unseen: {', '.join(missed)}" if missed else "all seen"
        lines.append([row.name, *cells, edits_seen] if cells else [row.name, *["-"] * len(COLUMNS), row.why])
    table(["mount", *COLUMNS.values(), "the host's edits"], lines)
