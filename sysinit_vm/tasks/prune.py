"""prune: remove what nobody uses."""

from invoke.context import Context

from sysinit_vm.inventory import listing
from sysinit_vm.inventory.prune import Litter, find, remove
from sysinit_vm.tasks.context import lima
from sysinit_vm.tasks.output import done, print_json
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say, table


@verb(
    group="Change",
    examples=["sysinit-vm prune --json", "sysinit-vm prune --running --yes"],
    exits=[5, 6],
    running="Also VMs that run; without it they stay.",
    json="Print what would go as JSON, and remove nothing.",
)
def prune(c: Context, yes: bool = False, running: bool = False, json: bool = False) -> None:
    """Remove VMs and images that nobody uses.

    VMs whose project is gone, and half-made ones. Each is shown with its size and why, before it asks.
    """
    limactl = lima(c)
    litter = find(limactl.instances())
    if json:
        print_json({"litter": [item.data() for item in litter], "bytes": sum(item.size for item in litter)})
        return
    if litter:
        table(("KIND", "NAME", "SIZE", "WHY"), [item.row() for item in litter], folding=("NAME", "WHY"))
    doomed = [item for item in litter if running or not item.running]
    for item in litter:
        if item not in doomed:
            say(f"{item.name} runs, and stays; with --running it goes too.")
    if not doomed or c.config.run.dry:
        say("Nothing to remove." if not doomed else f"Would remove {_sum(doomed)}.")
        return
    if any(item.kind == "vm" for item in doomed):
        say("A directory on a drive that is not connected looks gone, too. A moved project keeps its VM by `adopt`.")
    question = f"Remove {_sum(doomed)}?"
    prompts.confirm(question, yes=yes, refusal_hint="sysinit-vm prune --yes")
    remove(limactl, doomed)
    done(c, f"Removed: {_sum(doomed)}")


def _sum(litter: list[Litter]) -> str:
    return f"{', '.join(item.name for item in litter)} ({listing.size(sum(item.size for item in litter))})"
