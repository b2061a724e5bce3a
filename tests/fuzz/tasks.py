"""The task `test.fuzz`."""

import secrets

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task


@task(
    auto_shortflags=False,
    iterable=["kind"],
    help={
        "cases": "How many in all.",
        "seed": "The number that a run printed: the same cases again.",
        "kind": "Only this kind; may be repeated.",
    },
)
def fuzz(_: Context, kind: list[str], cases: int = 2000, seed: int = 0) -> None:
    """Type commands with hostile names, paths, YAML, words and variables, and a limactl that lies."""
    from sysinit_vm.errors import UsageError
    from sysinit_vm.terminal.console import say
    from tests.fuzz import run
    from tests.fuzz.cases import KINDS

    if unknown := set(kind) - KINDS.keys():
        raise UsageError(f"There is no kind {min(unknown)}.", detail=f"It is one of {', '.join(KINDS)}.")
    begin = seed or secrets.randbelow(2**31) + 1
    say(f"Seed {begin}.")
    if run.run(cases, begin, tuple(kind) or tuple(KINDS)):
        raise Exit(code=1)
