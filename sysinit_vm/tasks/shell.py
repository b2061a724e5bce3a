"""shell: attach to the session in the guest."""

from invoke.context import Context

from sysinit_vm.guest import access
from sysinit_vm.tasks.context import any_vm
from sysinit_vm.tasks.output import end
from sysinit_vm.tasks.start_options import start_if_needed
from sysinit_vm.tasks.verb import verb


@verb(
    group="Access",
    aliases=["sh"],
    examples=["sysinit-vm shell", "sysinit-vm sh --plain"],
    exits=[3, 4, 5, 6],
    ends="Otherwise the session's own.",
    plain="Open a login shell instead of the session.",
    layout="For a new session: a layout's name, or a file in the project; default: .lima/layout.kdl if there is one.",
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

    Start the VM if it is not running. Ctrl+A then D detaches. The session keeps running, and the same command attaches
    to it again. A session needs a terminal; --plain and exec do not.
    """
    vm = any_vm(c, project, name, named="sysinit-vm shell --name VM", to_work=True)
    path, present = "", vm.own().instance
    if layout is not None:
        path = access.layout(vm.lima, present, vm.target.required, layout)
    if not (plain or c.config.run.dry):
        access.require_terminal(present)
    instance = start_if_needed(c, vm, timeout)
    end(access.shell(vm.lima, instance, plain=plain, layout=path))
