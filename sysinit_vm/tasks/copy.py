"""copy: copy files between host and guest."""

from invoke.context import Context

from sysinit_vm.errors import typed
from sysinit_vm.guest import copy
from sysinit_vm.tasks.context import any_vm, exact_words
from sysinit_vm.tasks.verb import verb


@verb(
    "copy",
    group="Access",
    usage="<from> ... <to>",
    examples=['sysinit-vm copy "my notes.txt" :', "sysinit-vm copy :/etc/hostname ."],
    exits=[3, 4, 6],
)
def copy_(c: Context, project: str | None = None, name: str | None = None) -> None:
    """Copy files between host and guest, as cp -r does.

    Directories are copied too. :PATH is a path in the guest, relative to the home directory there. Files are read and
    written there as your user: root's go by way of :/tmp, with `sysinit-vm exec sudo cp` or `mv`.
    """
    words = exact_words(c.remainder)
    paths = copy.checked(words)
    vm = any_vm(c, project, name, named=f"sysinit-vm copy --name VM {typed(*words)}", to_work=True)
    copy.copy(vm.lima, vm.running(), paths, vm.instances.guest_writes)
