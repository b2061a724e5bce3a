"""Tasks of this checkout: the collection under its name, and what its developers run."""

import sys

from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

import sysinit_vm


@task(
    auto_shortflags=False,
    help={"no_lima": "Leave the tests on a real VM out.", "only": "A pytest expression (-k)."},
)
def test(c: Context, no_lima: bool = False, only: str = "") -> None:
    """Lint, check types, and run every test: unit, command line, and a real VM."""
    for words in ("ruff check .", "ruff format --check .", "mypy"):
        c.run(f"{sys.executable} -m {words}", echo=True)
    flags = f"{'--no-lima' if no_lima else ''} {f'-k {only!r}' if only else ''}"
    c.run(f"{sys.executable} -m pytest -v {flags}", echo=True)


ns = Collection(test, lima=sysinit_vm.ns)
