"""open: open the project in an editor."""

from invoke.context import Context

from sysinit_vm import settings
from sysinit_vm.projects import committed_config
from sysinit_vm.tasks.context import lima, runner, wanted_target
from sysinit_vm.tasks.output import end
from sysinit_vm.tasks.start_options import start_if_needed
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say
from sysinit_vm.vm.project_vm import ProjectVm


@verb(
    "open",
    group="Access",
    examples=["sysinit-vm open", "sysinit-vm open --editor zed"],
    exits=[3, 4, 5, 6],
    ends="Otherwise the editor's own.",
    editor="code, cursor, zed or gateway; default: SYSINIT_VM_EDITOR or its setting, else the first found.",
    yes="Change ~/.ssh/config without asking, if it does not include the VMs yet.",
)
def open_(
    c: Context,
    editor: str | None = None,
    yes: bool = False,
    project: str | None = None,
    name: str | None = None,
    timeout: str | None = None,
) -> None:
    """Open the project in an editor that works in the VM.

    VS Code, Cursor, Zed or JetBrains Gateway connects over ssh. The VM is started if it is not running.
    """
    from sysinit_vm import editors, ssh_config

    target = wanted_target(c, project, name)
    config = committed_config.load(target.project) if target.project else None
    choice, program = editors.choose(editor or settings.value("editor", config))
    instance = start_if_needed(c, ProjectVm.read(lima(c), target), timeout)
    ssh_config.ensure(runner(c), [instance], yes=yes)
    say(f"{choice.title}: {instance.name}:{instance.project_dir}")
    end(runner(c).attach((program, *choice.arguments(instance.name, str(instance.project_dir or "/")))))
