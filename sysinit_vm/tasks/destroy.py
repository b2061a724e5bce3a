"""destroy: delete the VM of a project."""

from invoke.context import Context

from sysinit_vm.projects import locate
from sysinit_vm.tasks.context import any_vm
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say
from sysinit_vm.vm.destroy import destroy, to_destroy


@verb("destroy", group="Life", aliases=["rm"], examples=["sysinit-vm destroy"], exits=[3, 4, 5, 6])
def destroy_(c: Context, yes: bool = False, project: str | None = None, name: str | None = None) -> None:
    """Delete the project's VM with its disk.

    The project's files stay, because they are on the host.
    """
    vm = any_vm(c, project, name, named="sysinit-vm destroy --name VM")
    instance = to_destroy(vm)
    if instance.unreadable:
        say(str(locate.unreadable(instance)))
    made = instance.files.made
    question = f"Permanently delete the VM {instance.name} and everything stored only in it?"
    prompts.confirm(question, yes=yes, refusal_hint="sysinit-vm destroy --yes")
    done(c, f"VM destroyed: {destroy(vm, made=made)}")
