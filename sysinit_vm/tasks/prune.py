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
    running="Also remove running VMs; without it they stay.",
    json="Print as JSON what would be removed, and remove nothing.",
)
def prune(c: Context, yes: bool = False, running: bool = False, json: bool = False) -> None:
    """Remove VMs and images that nobody uses.

    These are VMs whose project is gone, half-made VMs, and old images. Each is shown with its size and the reason
    before you are asked.
    """
    limactl = lima(c)
    litter = find(limactl.instances())
    if json:
        print_json({"litter": [item.data() for item in litter], "bytes": sum(item.size for item in litter)})
        return
    if litter:
        table(("KIND", "NAME", "SIZE", "WHY"), [item.row() for item in litter], folding=("NAME", "WHY"))
    removable = [item for item in litter if running or not item.running]
    for item in litter:
        if item not in removable:
            say(f"{item.name} is running, so it stays. With --running it is removed too.")
    if not removable or c.config.run.dry:
        say("Nothing to remove." if not removable else f"Would remove {_summary(removable)}.")
        return
    if any(item.kind == "vm" for item in removable):
        say("A directory on a drive that is not connected looks gone, too. `adopt` keeps the VM of a moved project.")
    question = f"Remove {_summary(removable)}?"
    prompts.confirm(question, yes=yes, refusal_hint="sysinit-vm prune --yes")
    remove(limactl, removable)
    done(c, f"Removed: {_summary(removable)}")


def _summary(litter: list[Litter]) -> str:
    size = sum(item.size for item in litter)
    return ", ".join(item.name for item in litter) + (f" ({listing.size(size)})" if size else "")
