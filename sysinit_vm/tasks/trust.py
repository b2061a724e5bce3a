"""trust: show what a project's config may do to this machine, allow it, or revoke that."""

from invoke.context import Context

from sysinit_vm.projects import committed_config, search
from sysinit_vm.tasks.output import print_json
from sysinit_vm.tasks.start_options import embedder, trusted
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say


@verb(
    group="Change",
    examples=["sysinit-vm trust --show", "sysinit-vm trust --revoke"],
    exits=[3, 5],
    show="Only show what it can do, and whether that is allowed.",
    approve="The hash that was shown: allow exactly that without asking.",
    revoke="Revoke whatever was allowed for this project.",
)
def trust(
    c: Context,
    show: bool = False,
    approve: str | None = None,
    revoke: bool = False,
    json: bool = False,
    project: str | None = None,
) -> None:
    """Show what the config can do, and allow it.

    This is about what it can do outside the project: mounts, sockets, networks, keys. --yes never allows it.
    """
    from sysinit_vm.trust import approvals, gate

    current_project = search.require(project)
    if revoke:
        say("Revoked." if approvals.revoke(current_project.root) else "Nothing was allowed for this project.")
        return
    verdict = gate.judge(committed_config.load(current_project), current_project)
    if approve is not None:
        say(f"Allowed: {gate.approve(verdict, current_project, approve, embedder(c))}")
    elif json:
        print_json(gate.record(verdict, current_project))
    elif show or not prompts.can_ask():
        gate.tell(verdict, current_project)
    else:
        trusted(c, current_project, verdict.config)
        say("Allowed.")
