"""What is recorded of a compile that others wait for: how far it is, or how it ended, in our cache directory."""

import json
import time
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from sysinit_vm import files

_LONGEST = 2**16  # bytes of a record
_DAY = 86400  # seconds


class Outcome(StrEnum):
    """How a compile ended by itself, or NONE: it goes on, or whatever did it was killed."""

    NONE = ""
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class CompileRecord:
    """A compile: when it ``began`` (seconds since the epoch), the process that does it, its stage and how far that is.

    ``outcome`` says how it ended, at ``ended``; ``failure`` why it failed.
    """

    began: float
    pid: int
    stage: str = ""
    progress: str = ""
    outcome: Outcome = Outcome.NONE
    ended: float = 0.0
    failure: str = ""

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the record in the file ``path`` (absolute), None if there is none that can be read."""
        try:
            values: Any = json.loads(files.read(path, _LONGEST))
            began, ended = (float(values[name]) for name in ("began", "ended"))
            stage, progress, failure = (str(values[name]) for name in ("stage", "progress", "failure"))
            outcome = Outcome(values["outcome"])
            return cls(began, int(values["pid"]), stage, progress, outcome, ended, failure)
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return None

    def write(self, path: Path) -> None:
        """Record it in the file ``path`` (absolute); VmError if it cannot be written."""
        files.write(path, json.dumps(asdict(self)), mode=0o600)

    def at_end(self, outcome: Outcome, failure: str = "") -> Self:
        """Return the record of this compile after it ended now."""
        return replace(self, outcome=outcome, ended=time.time(), failure=failure)

    @property
    def how_far(self) -> str:
        """The stage and how far it is, in one line."""
        return ": ".join(filter(None, (self.stage, self.progress))) or "it begins"


def clock(seconds: float) -> str:
    """Return a time (seconds since the epoch) as the clock here shows it; with the date if it is not of today."""
    form = "%H:%M" if abs(time.time() - seconds) < _DAY / 2 else "%Y-%m-%d %H:%M"
    try:
        return time.strftime(form, time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return "an unknown time"
