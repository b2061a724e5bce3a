"""What an examination finds."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sysinit_vm.errors import VmError

OK, NOTE, WRONG = "ok", "note", "wrong"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    ``level`` is ok, note (works, with less) or wrong; ``text`` is what was found. ``hint`` is the command to type.
    ``fix`` does it, if that is safe; otherwise it is None.
    """

    area: str
    subject: str
    level: str
    text: str
    hint: str = ""
    fix: Callable[[], None] | None = None

    @property
    def wrong(self) -> bool:
        """Whether something does not work until it is fixed."""
        return self.level == WRONG

    def data(self) -> dict[str, Any]:
        """Return plain data for JSON, where the text is called ``said`` and the hint ``mend``."""
        return {
            "area": self.area,
            "subject": self.subject,
            "level": self.level,
            "said": self.text,
            "mend": self.hint or None,
            "safe_to_fix": self.fix is not None,
        }


def wrong(area: str, subject: str, error: VmError) -> Finding:
    """Return what an error says as a finding."""
    return Finding(area, subject, WRONG, f"{error.brief} {error.detail}".strip(), error.hint)


def guarded(area: str, subject: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield ``findings``; an error of ours or of the system that ends them becomes a finding too."""
    try:
        yield from findings
    except VmError as error:
        yield wrong(area, subject, error)
    except OSError as error:
        yield Finding(area, subject, WRONG, f"The system refused. {error.strerror or error}: {error.filename or ''}")
