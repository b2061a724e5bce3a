"""What ``init`` says and asks about other projects: a VM of the same name, its own VM, a project above or in it."""

import contextlib
import os
from itertools import islice
from pathlib import Path

from sysinit_vm import guest_writes, hints
from sysinit_vm.errors import StateError, UsageError, typed
from sysinit_vm.lima import names
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instance, Instances
from sysinit_vm.projects import default_names, locate, owners, search
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say

_LOOKED_AT = 1000  # entries of a directory


def settle(instances: Instances | None, project: Project, requested: str | None) -> str | None:
    """Return the VM name to keep in the project's config: ``requested``, unless another project's VM has it.

    Then the user is asked for another name on a terminal, with a free one as default. Without a terminal the name
    stays, and ``tell`` warns. None leaves the name to the directory.
    """
    if instances is None or not prompts.can_ask() or locate.of_project(instances, project):
        return requested
    longest = names.longest_vm_name(lima_home())
    wanted = requested or default_names.vm_name(project.root, longest)
    while (other := _namesake(instances, project, wanted)) and other != owners.left_behind(instances, project, wanted):
        say(_name_taken(other, project))
        answer = prompts.text("A name for this VM:", owners.free_name(instances, project))
        try:
            wanted = requested = names.checked_vm_name(answer, source="The name", longest=longest)
        except UsageError as error:
            say(str(error))
    return requested


def require_free(instances: Instances | None, project: Project, requested: str | None) -> None:
    """StateError (exit 4) if another project's VM has the name and there is no terminal to ask on.

    A project that has a VM keeps it. A VM that this project left behind is no error here: ``start`` explains it.
    """
    if instances is None or prompts.can_ask() or locate.of_project(instances, project):
        return
    wanted = requested or default_names.vm_name(project.root, names.longest_vm_name(lima_home()))
    other = _namesake(instances, project, wanted)
    if other and other != owners.left_behind(instances, project, wanted):
        raise StateError(
            f"The VM {other.name} belongs to another project.",
            detail=_name_taken(other, project),
            hint=_init_with_free_name(instances, project),
        )


def require_meant(project: Project, *, yes: bool) -> None:
    """Ask on a terminal whether ``project`` is meant if another one is in it; NotConfirmedError if it is not.

    ``yes`` answers. Without a terminal it is only told.
    """
    inner = _project_in(project.root)
    if inner is None or yes:
        return
    told = f"The project {inner.name} is in {project.root}."
    if not prompts.can_ask():
        say(told)
        return
    question = f"{told} Make a VM for all of {project.root}?"
    prompts.confirm(question, yes=yes, refusal_hint=f"{typed('cd', inner)} && sysinit-vm up")


def _project_in(root: Path) -> Path | None:
    """Return a directory of ``root`` that has a config, None if there is none; only some of very many are looked at."""
    with contextlib.suppress(OSError), os.scandir(root) as entries:
        inner = (root / entry.name for entry in islice(entries, _LOOKED_AT))
        return next((directory for directory in inner if guest_writes.is_project(directory)), None)
    return None


def tell(instances: Instances | None, project: Project, name: str) -> None:
    """Tell what the user should know of the new config, whose VM will be called ``name``; only ``start`` refuses."""
    above = search.nearest(str(project.root.parent))
    if above:
        say(f"{above.root} is a project too; in {project.root} and below, commands mean this one.")
    if inner := _project_in(project.root):
        say(f"{inner} is a project too; in it, commands mean that one. This VM sees all of {project.root}.")
    if instances is None:
        return
    for instance in locate.of_project(instances, project):
        if instance.name != name:
            say(f"This directory has a VM, {instance.name}, and keeps it. {name} will be the name of the next one.")
            return
    other = _namesake(instances, project, name)
    if other and other == owners.left_behind(instances, project, name):
        say(hints.completed(f"{owners.question(other, project)} Take it over: sysinit-vm adopt"))
    elif other:
        say(f"{_name_taken(other, project)} `start` will not touch it, so this VM needs another name.")


def first_commands(instances: Instances | None, project: Project, name: str) -> tuple[str, str]:
    """Return the commands that start and enter the VM of the new config, which will be called ``name``.

    They are ones that work although another VM has the name already.
    """
    start, shell = "sysinit-vm start", "sysinit-vm shell"
    if instances is None or locate.of_project(instances, project):
        return start, shell
    other = _namesake(instances, project, name)
    if other is None:
        return start, shell
    if other == owners.left_behind(instances, project, name):
        return f"sysinit-vm adopt, then {start}", shell
    flag = f"--name {owners.free_name(instances, project)}"
    return f"{start} {flag}", f"{shell} {flag}"


def _namesake(instances: Instances, project: Project, name: str) -> Instance | None:
    other = instances.get(name)
    return None if other is None or owners.belongs(other, project) else other


def _init_with_free_name(instances: Instances, project: Project) -> str:
    return f"sysinit-vm init --name {owners.free_name(instances, project)}"


def _name_taken(other: Instance, project: Project) -> str:
    return f"The VM {other.name} exists already, made for {owners.owner(other)}; this is {project.root}."
