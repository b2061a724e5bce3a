"""The tasks `docs.commands` and `docs.pictures`."""

from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

import sysinit_vm
from sysinit_vm.tasks.ending import ending


@task(auto_shortflags=False)
@ending()
def commands(_: Context) -> None:
    """Write docs/commands.md from the tasks."""
    from pages import commands as commands_page

    commands_page.PAGE.write_text(commands_page.page(sysinit_vm.ns), encoding="utf-8")


@task(auto_shortflags=False)
@ending()
def pictures(_: Context) -> None:
    """Take the pictures of the docs from two real VMs."""
    from pages.pictures import take

    take()


ns = Collection(commands, pictures)
