"""The rows: each is a function with a name and a docstring, which says what the fault is."""

import contextlib
import io
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.case import Case, Place


@dataclass(frozen=True)
class Row:
    """``command`` is the one that meets the fault; ``guest`` says that the row needs the booted VM."""

    name: str
    fault: str
    command: str
    guest: bool
    body: Callable[[Case], None]


@dataclass(frozen=True)
class Report:
    """How a row ended: ``problem`` is empty if all is as it should be, ``transcript`` is what was typed and said."""

    row: Row
    outcome: str
    survived: str
    problem: str
    transcript: str
    seconds: float


ROWS: dict[str, Row] = {}


def row(command: str, *, guest: bool = False) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    """Register a function as the row of its name, with dashes."""

    def register(body: Callable[[Case], None]) -> Callable[[Case], None]:
        name = body.__name__.replace("_", "-")
        assert name not in ROWS
        assert body.__doc__, name
        ROWS[name] = Row(name, body.__doc__.strip().splitlines()[0].rstrip("."), command, guest, body)
        return body

    return register


def perform(row: Row, place: Place) -> Report:
    """Run one row; whatever it meets becomes its problem. What it made is removed afterwards."""
    transcript, problem, began = io.StringIO(), "", time.monotonic()
    with contextlib.redirect_stdout(transcript):
        case = Case(place, row.name, guest=row.guest)
        try:
            row.body(case)
            case.require_nothing_lost()
        except KeyboardInterrupt:
            raise
        except Exception as error:  # noqa: BLE001  # the row failed: the table goes on
            problem = f"{type(error).__name__}: {error}".splitlines()[0]
            traceback.print_exc(file=transcript)
        finally:
            case.clear()
    survived = ", ".join(dict.fromkeys(case.survived))
    return Report(row, case.outcome, survived, problem, transcript.getvalue(), time.monotonic() - began)
