"""How one command is run and timed."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.rows import How
from sysinit_vm.errors import VmError
from tests.lima.terminal import Terminal

_MEBIBYTE = b"\0" * 2**20
_TIMEOUT = 1800  # seconds
_LOOK_EVERY = 0.01  # seconds
FIRST_SCREEN = r"Zellij \("
"""What Zellij draws first in our sessions (a regular expression)."""


@dataclass(frozen=True)
class Run:
    """A command with its directory (absolute) and environment, and the ``vm`` that it is about."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    vm: str
    how: How = How.PLAIN

    def seconds(self) -> float:
        """Run it once, and return the seconds that it took; VmError if it fails."""
        if self.how is How.SCREEN:
            return self._to_first_screen()
        if self.how is How.FROM_STOPPED:
            machine.limactl().stop(self.vm)
        fed = _MEBIBYTE if self.how is How.FED else b""
        began = time.monotonic()
        done = subprocess.run(
            self.argv, cwd=self.cwd, env=self.env, input=fed, capture_output=True, timeout=_TIMEOUT, check=False
        )
        took = time.monotonic() - began
        if done.returncode or not done.stdout.startswith(fed):
            raise VmError(f"A measured command failed: {self.argv}.", detail=done.stderr.decode(errors="replace"))
        return took

    def _to_first_screen(self) -> float:
        began = time.monotonic()
        terminal = Terminal(self.argv, self.cwd, dict(self.env))
        terminal.wait_for(FIRST_SCREEN, _TIMEOUT, every=_LOOK_EVERY)
        took = time.monotonic() - began
        terminal.chord("\x01", "d")
        terminal.exit_status()
        return float(took)
