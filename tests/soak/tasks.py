"""The task `test.soak`."""

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task


@task(
    auto_shortflags=False,
    help={"cycles": "How many in all.", "fresh": "Begin anew, with a new VM."},
)
def soak(_: Context, cycles: int = 60, fresh: bool = False) -> None:
    """Start, use and stop a VM again and again; fail if memory, processes or files grow. A killed run is resumed."""
    from sysinit_vm.terminal.console import say
    from tests.soak import run

    found = run.run(cycles, fresh=fresh)
    for problem in found:
        say(f"NOT FLAT: {problem}")
    if found:
        raise Exit(code=1)
    say("Flat.")
