"""Which of our commands are measured, where, against what, and how long each may take."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from sysinit_vm.errors import UsageError

COUNTS = (1, 10, 100, 300)
"""How many instances there are where `list` is measured."""

NO_VM, VM = "no VM", "VM"
"""Places: a project without a VM; a project whose VM runs. The third kind is ``instances``."""

_EMPTY_PYTHON, _LIST, _TRUE = "python -c pass", "limactl list --json", "limactl shell {vm} true"
_VERSION, _SCRIPT_STATUS = "sysinit-vm --version", "script status"
_BOOTS = 3  # a start of a stopped VM takes a minute


class How(Enum):
    """How a command is run, and until when it counts."""

    PLAIN = auto()
    """Without a terminal or input, to its end."""
    FED = auto()
    """With 1 MiB of input, which it writes again."""
    SCREEN = auto()
    """On a terminal, until Zellij has drawn its first screen."""
    FROM_STOPPED = auto()
    """Without a terminal, to its end; the VM is stopped first, which does not count."""


@dataclass(frozen=True)
class Target:
    """At most ``factor`` times as long as the peers together, and ``plus`` seconds."""

    factor: float
    plus: float = 0.0

    def met(self, ours: float, peers: float) -> bool:
        """Whether ``ours`` seconds meet it, where the peers took ``peers`` seconds."""
        return ours <= self.factor * peers + self.plus

    def __str__(self) -> str:
        return f"{self.factor:g} x" + (f" + {self.plus:g} s" if self.plus else "")


@dataclass(frozen=True)
class Row:
    """One measurement: ``ours`` at ``place`` against ``peers``, which are added up.

    Each is a command line whose first word is one of ``places.programs``; ``{vm}``, ``{root}`` and ``{session}`` in it
    are the place's. At most ``rounds`` times, if that is not None.
    """

    name: str
    place: str
    ours: str
    peers: tuple[str, ...]
    target: Target | None = None
    how: How = How.PLAIN
    rounds: int | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """All command lines that are run for it."""
        return (self.ours, *self.peers)


def shown(line: str) -> str:
    """Return a row's command line for people, with what differs between places in capitals."""
    return line.format(vm="VM", root="DIRECTORY", session="SESSION")


def instances(count: int) -> str:
    """Return the place in which Lima has ``count`` instances, none of which was ever booted."""
    return f"{count} instances"


_STATUS = {NO_VM: "status, no VM", VM: "status, running"}
_ALL = (
    Row("--version", NO_VM, _VERSION, (_EMPTY_PYTHON,), Target(3)),
    Row("help", NO_VM, "sysinit-vm help", (_EMPTY_PYTHON,), Target(3)),
    Row("TAB", NO_VM, "sysinit-vm --complete -- st", (_EMPTY_PYTHON,), Target(3)),
    *(Row(name, place, "sysinit-vm status", (_SCRIPT_STATUS,), Target(2)) for place, name in _STATUS.items()),
    *(
        Row(f"{name}, by {program}", place, f"{program} {verb}", (_SCRIPT_STATUS,))
        for place, name in _STATUS.items()
        for program, verb in (("inv", "lima.status"), ("task", "lima:status"))
    ),
    *(Row(f"list of {count}", instances(count), "sysinit-vm list", (_LIST, _VERSION), Target(1.3)) for count in COUNTS),
    Row("exec true", VM, "sysinit-vm exec true", (_TRUE,), Target(1.15)),
    Row("exec, 1 MiB in and out", VM, "sysinit-vm exec cat", ("limactl shell {vm} cat",), how=How.FED),
    Row("start, running", VM, "sysinit-vm start", ("sysinit-vm status",), Target(1.3)),
    Row(
        "shell, first screen",
        VM,
        "sysinit-vm shell",
        ("limactl shell --workdir {root} {vm} zellij attach --create {session}",),
        Target(1.15),
        How.SCREEN,
    ),
    *(Row(verb, VM, f"sysinit-vm {verb}", (_LIST,)) for verb in ("ports", "plan", "trust --show")),
    Row(
        "start, stopped",
        VM,
        "sysinit-vm start",
        ("limactl start --tty=false {vm}",),
        Target(1, plus=2.0),
        How.FROM_STOPPED,
        _BOOTS,
    ),
)
ROWS: Mapping[str, Row] = {row.name: row for row in _ALL}


def chosen(names: Iterable[str]) -> list[Row]:
    """Return the rows whose names begin with one of ``names``, all if there is none; UsageError if one has no row."""
    wanted: Sequence[str] = list(names)
    for name in wanted:
        if not any(known.startswith(name) for known in ROWS):
            raise UsageError(f"There is no row {name!r}.", detail=f"The rows are: {'; '.join(ROWS)}.")
    return [row for row in _ALL if not wanted or row.name.startswith(tuple(wanted))]
