"""What our commands cost compared with limactl itself and with the original script, measured in turns."""

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

OURS, LIMACTL, SCRIPT = "sysinit-vm", "limactl", "the original script"
_NAME = "overhead-dev"
Words = Mapping[str, Sequence[str]]


def run(rounds: int) -> Mapping[str, Mapping[str, list[float]]]:
    """Return the seconds of each command in each way, ``rounds`` times each; starts one VM from our image."""
    disk = boot.images(theirs=False)[boot.OURS]
    with machine.home() as lima_home:
        (lima_home / "_images").symlink_to(disk.parent)
        root = lima_home / "overhead"
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
    quoted = shlex.join(limactl)
    check_running = f'{quoted} list 2>/dev/null | grep -q "^{_NAME}.*Running"'
    return {
        "exec true": {
            OURS: [*_ours(), "exec", "true"],
            LIMACTL: [*limactl, "shell", "--tty=false", "--workdir", str(root), _NAME, "true"],
            SCRIPT: ["bash", "-c", f"{check_running} && {quoted} shell --tty=false {_NAME} true"],
        },
        "status": {
            OURS: [*_ours(), "status"],
            LIMACTL: [*limactl, "list", _NAME],
            SCRIPT: [
                "bash",
                "-c",
                f'{quoted} list 2>/dev/null | grep -q "^{_NAME}" && {quoted} list | grep "^{_NAME}"',
            ],
        },
        "help": {OURS: [*_ours(), "help"], LIMACTL: [*limactl, "help"]},
    }


def _seconds(argv: Sequence[str], root: Path) -> float:
    env = {**os.environ, **machine.limactl().account.env}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    began = time.monotonic()
    subprocess.run(argv, cwd=root, env=env, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return time.monotonic() - began


def show(took: Mapping[str, Mapping[str, list[float]]]) -> None:
    """Print the medians in milliseconds, and the ratio of ours to each other way."""
    rows = []
    for command, ways in took.items():
        medians = {way: statistics.median(seconds) for way, seconds in ways.items()}
        for way, median in medians.items():
            ratio = f"{medians[OURS] / median:.2f}" if way != OURS else ""
            rows.append([command, way, f"{median * 1000:.0f}", f"{min(ways[way]) * 1000:.0f}", ratio])
    table(["command", "by", "ms, median", "ms, least", "ours / this"], rows)
