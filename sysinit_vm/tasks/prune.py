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
    vms = lima(c)
    found = find(vms)
    if json:
        print_json({"litter": [each.data() for each in found], "bytes": sum(each.size for each in found)})
        return
    table(("KIND", "NAME", "SIZE", "WHY"), [each.row() for each in found], folding=("NAME", "WHY")) if found else None
    doomed = [each for each in found if running or not each.running]
    for each in found:
        if each not in doomed:
            say(f"{each.name} runs, and stays; with --running it goes too.")
    if not doomed or c.config.run.dry:
        say("Nothing to remove." if not doomed else f"Would remove {_sum(doomed)}.")
        return
    if any(each.kind == "vm" for each in doomed):
        say("A directory on a drive that is not connected looks gone, too. A moved project keeps its VM by `adopt`.")
    question = f"Remove {_sum(doomed)}?"
    prompts.confirm(question, yes=yes, refusal_hint="sysinit-vm prune --yes")
    remove(vms, doomed)
    done(c, f"Removed: {_sum(doomed)}")


def _sum(litter: list[Litter]) -> str:
    return f"{', '.join(each.name for each in litter)} ({listing.size(sum(each.size for each in litter))})"
