"""exec: run one command in the guest."""

from invoke.context import Context

from sysinit_vm.errors import typed
from sysinit_vm.guest import access
from sysinit_vm.tasks.context import any_vm, exact_words
from sysinit_vm.tasks.output import end
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say


@verb(
    "exec",
    group="Access",
    usage="<command> ...",
    examples=['sysinit-vm exec "ls | wc -l"', "sysinit-vm exec --env CI=1 git --version"],
    exits=[3, 4, 6],
    ends="Otherwise the command's own; 128+n if signal n ended it.",
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

    A single word is run as a shell line, several words as an exact command. Put sysinit-vm's own flags before it.
    What it leaves in the background ends with it. Start a server in the session, or as `exec -d` says.
    """
    words = exact_words(c.remainder)
    command = access.exec_argv(words, env or ())
    vm = any_vm(c, project, name, named=f"sysinit-vm exec --name VM {typed(*words)}", to_work=True)
    status = access.execute(vm.lima, vm.running(), command, stdin=not no_stdin)
    if status == access.NOT_FOUND and len(words[0].split()) == 1:
        say(access.how_to_install(words[0]))
    elif status == access.NOT_FOUND and words[1:]:
        as_words = typed("sysinit-vm", "exec", *words[0].split(), *words[1:])
        say(f"{words[0]!r} is one word: the quotes make it so. Without them: {as_words}")
    end(status)
