"""logs: show what Lima and the guest logged."""

from invoke.context import Context

from sysinit_vm.errors import UsageError
from sysinit_vm.lima import logs
from sysinit_vm.tasks.context import any_vm
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say, show


@verb(
    "logs",
    group="Look",
    word="source",
    examples=["sysinit-vm logs", "sysinit-vm logs console --lines 20"],
    exits=[3, 4, 6],
    source="host, console or provision; default: all three.",
    follow="Keep showing new lines until Ctrl-C, of the source host or console; default: console.",
    lines="How many lines to show from the end of each source; default 50, 0 for all.",
)
def logs_(
    c: Context,
    source: str | None = None,
    follow: bool = False,
    lines: str = "50",
    project: str | None = None,
    name: str | None = None,
) -> None:
    """Show the host agent, console and provision logs.

    This also works after a start that failed.
    """
    sources, count = logs.checked_sources(source), _count(lines)
    vm = any_vm(c, project, name, named="sysinit-vm logs --name VM")
    instance = vm.existing()
    ends = logs.ends(instance, source or "console") if follow else None
    if follow and not instance.running:
        say(f"{instance.name} is not running: waiting for its next start. Ctrl-C ends this.")
    for shown_source in sources if not follow or source else ("console",):
        shown_lines = logs.lines(vm.lima, instance, shown_source, count, ends)
        say(f"== {shown_source} ==")
        for line in shown_lines:
            show(line)
    if ends is not None:
        for line in logs.follow(instance, source or "console", ends):
            show(line)
        say(f"The VM {instance.name} was deleted.")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"--lines takes a whole number, not {text!r}.", hint="sysinit-vm logs --lines 50")
    return int(text)
