"""The tasks `docs.commands` and `docs.pictures`."""

from pathlib import Path

from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

import sysinit_vm
from sysinit_vm.tasks.ending import ending


@task(auto_shortflags=False)
@ending()
def commands(_: Context) -> None:
    """Write docs/commands.md, and the index of the commands for help and completion, from the tasks."""
    from pages import commands as commands_page
    from pages import index as commands_index
    from sysinit_vm.cli.index import FILE
    from sysinit_vm.program import program

    Path(FILE).write_text(commands_index.content(sysinit_vm.ns, program.initial_context), encoding="utf-8")
    commands_page.PAGE.write_text(commands_page.page(sysinit_vm.ns), encoding="utf-8")


@task(auto_shortflags=False)
@ending()
def pictures(_: Context) -> None:
    """Take the pictures of the docs from two real VMs."""
    from pages.pictures import take

    take()


ns = Collection(commands, pictures)
