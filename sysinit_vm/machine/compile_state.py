"""How the compile of the guest's Zellij is, and what there is to say of it to whoever lacks it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sysinit_vm import lock
from sysinit_vm.errors import VmError
from sysinit_vm.machine import find_programs
from sysinit_vm.machine.compile_record import CompileRecord, Outcome, clock
from sysinit_vm.machine.host import Host
from sysinit_vm.terminal.console import say

STOP, RETRY = "sysinit-vm setup --stop", "sysinit-vm setup"
GOES_ON = f"Zellij is being compiled in the background. How far it is: sysinit-vm status. Stop it: {STOP}"


@dataclass(frozen=True)
class CompileFiles:
    """The files of the compile (absolute): who has the ``lock`` compiles; whoever puts a ``stop`` there ends that."""

    record: Path
    log: Path
    stop: Path
    lock: Path

    @classmethod
    def of(cls, host: Host) -> Self:
        """Return those of this account."""
        stem = "zellij-compile"
        record, log, stop = (host.cache / f"{stem}{end}" for end in (".json", ".log", ".stop"))
        return cls(record, log, stop, host.data / f".{stem}.lock")


@dataclass(frozen=True)
class CompileState:
    """A compile that goes on (``running``), or that ended without a Zellij; ``log`` is its file (absolute)."""

    record: CompileRecord
    running: bool
    log: Path

    @property
    def ended(self) -> bool:
        """Whether it failed or was stopped: it is begun again only if the user says so."""
        return self.record.outcome is not Outcome.NONE

    @property
    def text(self) -> str:
        """What there is to say of it, as the end of a line, without a full stop."""
        record = self.record
        if self.running:
            return f"it is being compiled since {clock(record.began)}: {record.how_far}"
        if record.outcome is Outcome.FAILED:
            return f"its compile failed at {clock(record.ended)}: {record.failure.rstrip('.')}"
        if record.outcome is Outcome.STOPPED:
            return f"its compile was stopped at {clock(record.ended)}"
        return f"its compile of {clock(record.began)} was cut off"

    @property
    def hint(self) -> str:
        """What to type."""
        return STOP if self.running else RETRY

    @property
    def finding(self) -> str:
        """The same, and where its log is if it failed."""
        return f"{self.text}; its log: {self.log}" if self.record.outcome is Outcome.FAILED else self.text

    @property
    def sentence(self) -> str:
        """The same as a message, with what to type."""
        return f"Zellij is not there yet: {self.finding}. {'Stop it' if self.running else 'Go on'}: {self.hint}"

    def data(self) -> dict[str, Any]:
        """Return plain data for JSON: times in seconds since the epoch, None where there is none."""
        record, outcome = self.record, self.record.outcome or "cut off"
        return {
            "state": "running" if self.running else outcome,
            "began": int(record.began),
            "ended": int(record.ended) or None,
            "stage": record.stage,
            "progress": record.progress,
            "failure": record.failure or None,
            "log": str(self.log),
        }


def state(host: Host) -> CompileState | None:
    """Return how the compile is, None if there is nothing to say: none was begun, or there is a Zellij by now."""
    places = CompileFiles.of(host)
    record = CompileRecord.read(places.record)
    if record is None:
        return None
    running = record.outcome is Outcome.NONE and lock.is_held(places.lock)
    return None if not running and _is_here(host) else CompileState(record, running, places.log)


def is_running(host: Host) -> bool:
    """Whether a compile goes on."""
    now = state(host)
    return now is not None and now.running


def _is_here(host: Host) -> bool:
    with suppress(VmError):  # a variable that names none, which others report
        return find_programs.find_zellij(host=host) is not None
    return False


@contextmanager
def interrupts_told(host: Host) -> Iterator[None]:
    """Say at Ctrl-C that the compile goes on, if it does."""
    try:
        yield
    except KeyboardInterrupt:
        if is_running(host):
            say(GOES_ON)
        raise
