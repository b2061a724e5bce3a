"""Tasks of this checkout: the collection under its name, and what its developers run."""

import shlex
import sys

from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

import bench.tasks
import checks.tasks
import pages.tasks
import sysinit_vm


@task(
    auto_shortflags=False,
    help={"no_lima": "Leave the tests on a real VM out.", "only": "A pytest expression (-k)."},
)
def test(c: Context, no_lima: bool = False, only: str = "") -> None:
    """Lint, check types, and run every test: unit, command line, and a real VM."""
    for words in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]):
        _module(c, *words)
    _module(c, "pytest", "-v", *(["tests/unit", "tests/cli"] if no_lima else []), *(["-k", only] if only else []))


def _module(c: Context, *words: str) -> None:
    c.run(shlex.join([sys.executable, "-m", *words]), echo=True)


ns = Collection(test, lima=sysinit_vm.ns, bench=bench.tasks.ns, check=checks.tasks.ns, docs=pages.tasks.ns)
