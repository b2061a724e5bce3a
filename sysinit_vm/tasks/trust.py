"""What the project's config may do to this machine: shown, allowed, taken back."""

from invoke.context import Context

from sysinit_vm.config import document
from sysinit_vm.projects import search
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
    approve="The hash that was shown: allow just that without asking.",
    revoke="Take back whatever was allowed for this project.",
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

    That is, to this machine, outside the project: mounts, sockets, networks, keys. --yes never allows it.
    """
    from sysinit_vm.trust import approvals, gate

    home = search.require(project)
    if revoke:
        say("Revoked." if approvals.revoke(home.root) else "Nothing was allowed for this project.")
        return
    verdict = gate.judge(document.load(home.config), home)
    if approve is not None:
        say(f"Allowed: {gate.approve(verdict, home, approve, embedder(c))}")
    elif json:
        print_json(gate.record(verdict, home))
    elif show or not prompts.can_ask():
        gate.tell(verdict, home)
    else:
        trusted(c, home, verdict.config)
        say("Allowed.")
