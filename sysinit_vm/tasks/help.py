"""help: show the overview, or the help of single tasks."""

from invoke.context import Context

from sysinit_vm.cli import help_text, index
from sysinit_vm.tasks.verb import verb


@verb(
    "help",
    group="Machine",
    usage="[command] ...",
    word="topic",
    examples=["sysinit-vm help", "sysinit-vm help start"],
    iterable=["topic"],
    topic="A command to explain; may be repeated. The console script also takes it as a plain word.",
    all="Show all commands, also those for NixOS images.",
)
def help_(_c: Context, topic: list[str] | None = None, all: bool = False) -> None:  # noqa: A002
    """Show the overview, or help for commands."""
    commands = index.read()
    pages = [help_text.of_command(commands, name) for name in topic or ()]
    help_text.page("\n\n".join(pages) or help_text.overview(commands, seldom=all))
