"""The task `docs.commands`."""

from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

import sysinit_vm


@task(auto_shortflags=False)
def commands(_: Context) -> None:
    """Write docs/commands.md from the tasks."""
    from pages import commands as made

    made.PAGE.write_text(made.page(sysinit_vm.ns), encoding="utf-8")


ns = Collection(commands)
