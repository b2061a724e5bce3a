"""Tasks of this checkout: the collection under its name, and what its developers run."""

import shlex
import sys

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

import bench.tasks
import checks.tasks
import pages.tasks
import sysinit_vm
import tests.faults.tasks
import tests.fuzz.tasks
import tests.soak.tasks

_NO_TESTS = 5  # pytest's exit status if nothing was selected


@task(
    auto_shortflags=False,
    help={"no_lima": "Leave the tests on a real VM out.", "only": "A pytest expression (-k)."},
)
def test(c: Context, no_lima: bool = False, only: str = "") -> None:
    """Lint, check types, and run every test: unit, command line, and a real VM."""
    for words in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]):
        _module(c, *words)
    selected = ["-k", only] if only else []
    quick = ["-n", "logical", "--timeout=600", "tests/unit", "tests/cli"]
    # Afterwards, as guests need the processors. Each of two workers takes the next file, and has a VM for its files.
    on_vms = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-v", "tests/lima"]
    runs = [quick, *([] if no_lima else [on_vms])]
    codes = [_module(c, "pytest", "--durations=10", *words, *selected, warn=True) for words in runs]
    counted = [code for code in codes if code != _NO_TESTS] if only else codes
    if worst := max(counted, default=_NO_TESTS):
        raise Exit(code=worst)


def _module(c: Context, *words: str, warn: bool = False) -> int:
    done = c.run(shlex.join([sys.executable, "-m", *words]), echo=True, warn=warn)
    return 0 if done is None else int(done.exited)  # a Result is false if its command failed


tests_of_all_kinds = Collection("test")
tests_of_all_kinds.add_task(test, default=True)
tests_of_all_kinds.add_task(tests.faults.tasks.faults)
tests_of_all_kinds.add_task(tests.fuzz.tasks.fuzz)
tests_of_all_kinds.add_task(tests.soak.tasks.soak)
ns = Collection(
    tests_of_all_kinds, lima=sysinit_vm.ns, bench=bench.tasks.ns, check=checks.tasks.ns, docs=pages.tasks.ns
)
