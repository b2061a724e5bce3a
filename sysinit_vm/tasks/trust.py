"""trust: show what a project's config may do to this machine, allow it, or revoke that."""

from collections.abc import Callable
from pathlib import Path

from invoke.context import Context

from sysinit_vm.projects import locate
from sysinit_vm.projects.locate import Target
from sysinit_vm.tasks.context import project_vm
from sysinit_vm.tasks.output import print_json
from sysinit_vm.tasks.start_options import request
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say
from sysinit_vm.trust.verdict import Verdict


@verb(
    group="Change",
    examples=["sysinit-vm trust --show", "sysinit-vm trust --revoke"],
    exits=[3, 4, 5],
    name="Judge the config that this VM has now, not the project's.",
    show="Only show what it can do, and whether that is allowed.",
    approve="The hash that was shown: allow exactly that without asking.",
    revoke="Revoke whatever was allowed for this project and its VM.",
)
def trust(
    c: Context,
    show: bool = False,
    approve: str | None = None,
    revoke: bool = False,
    json: bool = False,
    project: str | None = None,
    name: str | None = None,
) -> None:
    """Show what the config can do, and allow it.

    This is about what it can do outside the project: mounts, sockets, networks, keys. --yes never allows it.
    """
    from sysinit_vm.trust import approvals, screen

    target = locate.target(project, name)
    if revoke:
        place = _of_vm_or_project(c, target, name)
        say("Revoked." if approvals.revoke(place) else f"Nothing was allowed for {place}.")
        return
    pending, require, allow = _of_vm(c, project, name) if name else _of_project(c, target)
    if approve is not None:
        say(f"Allowed: {allow(approve)}")
    elif json:
        print_json(screen.record(pending()))
    elif show or not prompts.can_ask():
        screen.tell(pending())
    else:
        require()
        say("Allowed.")


def _of_vm_or_project(c: Context, target: Target, name: str | None) -> Path:
    """Return the project that is meant: with --name the one that the VM was made for."""
    if name is None:
        return target.required.root
    instance = project_vm(c, target.directory, name).to_end()
    return instance.project_dir or instance.dir


Ways = tuple[Callable[[], Verdict], Callable[[], object], Callable[[str], str]]


def _of_project(c: Context, target: Target) -> Ways:
    """Return how to judge, to ask about and to allow the project's config."""
    asked = request(c, target)
    return asked.pending, asked.require, asked.approve


def _of_vm(c: Context, project: str | None, name: str) -> Ways:
    """Return the same for a VM's own config."""
    from sysinit_vm.trust import gate

    verdict = gate.judge_instance(project_vm(c, project, name).existing())

    def allow(typed: str) -> str:
        whole = gate.approve(verdict, typed)
        if whole is None:
            raise gate.wrong_hash(verdict, typed)
        return whole

    return (lambda: verdict), (lambda: gate.require(verdict)), allow
