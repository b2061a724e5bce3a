"""completion: print the completion script of a shell."""

from invoke.context import Context

from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import show


@verb(  # noqa: S604
    group="Machine",
    word="shell",
    examples=["sysinit-vm completion zsh", 'eval "$(sysinit-vm completion bash)"'],
    shell="bash, zsh or fish; the console script also takes it as a plain word.",
)
def completion(_c: Context, shell: str = "bash") -> None:
    """Print completion for bash, zsh or fish.

    A shell that evaluates it completes commands, flags, templates and VMs.
    """
    from sysinit_vm.cli.completion import script

    show(script(shell).removesuffix("\n"))
