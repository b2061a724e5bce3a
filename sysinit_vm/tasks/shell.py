"""Ways into the VM: shell exec."""

from invoke.context import Context

from sysinit_vm.guest import access
from sysinit_vm.projects import locate
from sysinit_vm.tasks.context import end, lima, started, words
from sysinit_vm.tasks.verb import verb


@verb(
    group="Access",
    aliases=["sh"],
    examples=["sysinit-vm shell", "sysinit-vm sh --plain"],
    exits=[3, 4, 5, 6],
    ends="Otherwise that of the session.",
    plain="A login shell instead of the session.",
    layout="For a new session: a layout's name, or a file of the project; default: .lima/layout.kdl if there is one.",
)
def shell(
    c: Context,
    plain: bool = False,
    layout: str | None = None,
    project: str | None = None,
    name: str | None = None,
    timeout: str | None = None,
) -> None:
    """Attach to the project's Zellij session.

    Starts the VM if it is not running. Ctrl+A then D detaches; the session and what runs in it stay, and the same
    command attaches again.
    """
    target, vms = locate.target(project, name), lima(c)
    instance = locate.own(vms, target).instance
    chosen = access.layout(vms, instance, target.required, layout) if layout is not None else ""
    instance = started(c, vms, target, timeout)
    end(access.shell(vms, instance, plain=plain, layout=chosen))


@verb(
    "exec",
    group="Access",
    usage="<command> ...",
    examples=['sysinit-vm exec "ls | wc -l"', "sysinit-vm exec --env CI=1 git --version"],
    exits=[3, 4, 6],
    ends="Otherwise the command's own; 128+n where signal n ended it.",
    iterable=["env"],
    env="NAME=VALUE for the command; may be repeated.",
    no_stdin="Do not read standard input, for example in a `while read` loop.",
)
def exec_(
    c: Context,
    env: list[str] | None = None,
    no_stdin: bool = False,
    project: str | None = None,
    name: str | None = None,
) -> None:
    """Run a command in the VM, and exit with its status.

    A single word is run as a shell line, several words as an exact command. Flags of sysinit-vm come before it.
    """
    command = access.command(words(c.remainder), env or ())
    target, vms = locate.target(project, name), lima(c)
    end(access.execute(vms, locate.running(vms, target), command, stdin=not no_stdin))
