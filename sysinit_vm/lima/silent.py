"""Host directories that do not answer, as on a network file system whose server is gone.

Whoever looks at one waits in the kernel, where no Ctrl-C ends that. So a process of its own looks, and is left behind.
"""

from collections.abc import Iterable
from pathlib import Path

from sysinit_vm.runner import Runner
from sysinit_vm.terminal.console import say

_SECONDS = 5
_LOOK = 'n=0; for place; do { [ -e "$place" ]; echo "$n"; } & n=$((n + 1)); done; wait'

_answers = dict[Path, bool]()  # what this process knows


def find(directories: Iterable[Path]) -> frozenset[Path]:
    """Return those of ``directories`` (absolute) that do not answer within five seconds; each is asked only once.

    The user is told of each.
    """
    asked = list(dict.fromkeys(directories))
    new = [directory for directory in asked if directory not in _answers]
    if new:
        done = Runner().read(("sh", "-c", _LOOK, "sh", *map(str, new)), timeout=_SECONDS)
        answered = set(done.out.split())
        _answers.update({directory: str(number) in answered for number, directory in enumerate(new)})
        for directory in new:
            if not _answers[directory]:
                say(f"{directory} does not answer. What VMs have there is left alone.")
    return frozenset(directory for directory in asked if not _answers[directory])


def known() -> bool:
    """Whether ``find`` got no answer of one directory at least."""
    return not all(_answers.values())


def is_silent(path: Path) -> bool:
    """Whether ``path`` (absolute) is, or is in, a directory that ``find`` got no answer of."""
    return any(not answers and path.is_relative_to(directory) for directory, answers in _answers.items())
