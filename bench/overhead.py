"""What our commands cost beside limactl itself, and beside the script that all this began as; turn by turn."""

import os
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import boot, machine
from sysinit_vm.terminal.console import say, table

OURS, LIMACTL, SEED = "sysinit-vm", "limactl", "the seed's script"
_NAME = "overhead-dev"
Words = Mapping[str, Sequence[str]]


def run(rounds: int) -> Mapping[str, Mapping[str, list[float]]]:
    """Return the seconds of each command by each way, ``rounds`` of each; starts one VM of our own image."""
    disk = boot.images(theirs=False)[boot.OURS]
    with machine.home() as place:
        (place / "_images").symlink_to(disk.parent)
        root = place / "overhead"
        root.mkdir()
        for words in (("init", "minimal", "--ssh", "none"), ("start",)):
            subprocess.run([*_ours(), *words], cwd=root, check=True, stdin=subprocess.DEVNULL)
        took: dict[str, dict[str, list[float]]] = {}
        for number in range(rounds + 1):
            for command, ways in _commands(root).items():
                for way, argv in ways.items():
                    seconds = _seconds(argv, root)
                    if number:  # the first warms caches
                        took.setdefault(command, {}).setdefault(way, []).append(seconds)
            say(f"round {number}/{rounds}" if number else "warm")
        return took


def _ours() -> list[str]:
    return [str(Path(sys.executable).with_name("sysinit-vm"))]


def _commands(root: Path) -> Mapping[str, Words]:
    lima = machine.limactl()
    limactl = [*lima.account.prefix, str(lima.binary)]
    typed = shlex.join(limactl)
    runs = f'{typed} list 2>/dev/null | grep -q "^{_NAME}.*Running"'
    return {
        "exec true": {
            OURS: [*_ours(), "exec", "true"],
            LIMACTL: [*limactl, "shell", "--tty=false", "--workdir", str(root), _NAME, "true"],
            SEED: ["bash", "-c", f"{runs} && {typed} shell --tty=false {_NAME} true"],
        },
        "status": {
            OURS: [*_ours(), "status"],
            LIMACTL: [*limactl, "list", _NAME],
            SEED: ["bash", "-c", f'{typed} list 2>/dev/null | grep -q "^{_NAME}" && {typed} list | grep "^{_NAME}"'],
        },
        "help": {OURS: [*_ours(), "help"], LIMACTL: [*limactl, "help"]},
    }


def _seconds(argv: Sequence[str], root: Path) -> float:
    env = {**os.environ, **machine.limactl().account.env}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # the command of an installed package has its bytecode
    began = time.monotonic()
    subprocess.run(argv, cwd=root, env=env, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return time.monotonic() - began


def show(took: Mapping[str, Mapping[str, list[float]]]) -> None:
    """Print the medians in milliseconds, and how much more ours takes than each other way."""
    rows = []
    for command, ways in took.items():
        medians = {way: statistics.median(seconds) for way, seconds in ways.items()}
        for way, median in medians.items():
            ratio = f"{medians[OURS] / median:.2f}" if way != OURS else ""
            rows.append([command, way, f"{median * 1000:.0f}", f"{min(ways[way]) * 1000:.0f}", ratio])
    table(["command", "by", "ms, median", "ms, least", "ours / this"], rows)
