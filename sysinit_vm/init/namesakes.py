"""What ``init`` says and asks of other projects: VMs of the same name, a VM of its own, a project above."""

from sysinit_vm.errors import StateError, UsageError
from sysinit_vm.lima import names
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.projects import default_names, locate, owners, search
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say


def settle(lima: Limactl | None, home: Project, kept: str | None) -> str | None:
    """Return the name to keep in ``home``'s config, ``kept`` unless that of another project's VM.

    Then a terminal is asked for another, with a free one to begin with; elsewhere it stays, and ``tell`` warns.
    """
    if lima is None or not prompts.terminal() or locate.of_project(lima, home):
        return kept
    longest = names.longest_vm_name(lima_home())
    wished = kept or default_names.vm_name(home.root, longest)
    while (other := _namesake(lima, home, wished)) and other != owners.left_behind(lima, home, wished):
        say(_taken(other, home))
        typed = prompts.text("A name for this VM:", owners.free_name(lima, home))
        try:
            wished = kept = names.checked_vm_name(typed, source="The name", longest=longest)
        except UsageError as error:
            say(str(error))
    return kept


def require_free(lima: Limactl | None, home: Project, kept: str | None) -> None:
    """StateError (exit 4) where ``home``'s VM would have the name of another project's and no terminal is asked.

    A project that has a VM keeps that; of one that it left behind, ``start`` says more.
    """
    if lima is None or prompts.terminal() or locate.of_project(lima, home):
        return
    wished = kept or default_names.vm_name(home.root, names.longest_vm_name(lima_home()))
    other = _namesake(lima, home, wished)
    if other and other != owners.left_behind(lima, home, wished):
        raise StateError(
            f"The VM {other.name} belongs to another project.", detail=_taken(other, home), hint=_another(lima, home)
        )


def tell(lima: Limactl | None, home: Project, name: str) -> None:
    """Say what stands beside ``home``'s new config, whose VM is to be called ``name``; ``start`` is what refuses."""
    above = search.find(str(home.root.parent))
    if above:
        say(f"{above.root} is a project too; in {home.root} and below, commands mean this one.")
    if lima is None:
        return
    for mine in locate.of_project(lima, home):
        if mine.name != name:
            say(f"This directory has a VM, {mine.name}, and keeps it; {name} will be the name of one made after it.")
            return
    other = _namesake(lima, home, name)
    if other and other == owners.left_behind(lima, home, name):
        say(f"{owners.question(other, home)} Take it over: sysinit-vm adopt")
    elif other:
        say(_taken(other, home))
        say(f"`start` will not touch it. Choose another name: {_another(lima, home)}")


def _namesake(lima: Limactl, home: Project, name: str) -> Instance | None:
    other = lima.instance(name)
    return None if other is None or owners.belongs(other, home) else other


def _another(lima: Limactl, home: Project) -> str:
    return f"sysinit-vm init --name {owners.free_name(lima, home)}"


def _taken(other: Instance, home: Project) -> str:
    return f"A VM {other.name} exists already, made for {owners.owner(other)}; this is {home.root}."
