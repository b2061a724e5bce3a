"""The VM for other programs: ssh-config open."""

from invoke.context import Context

from sysinit_vm import settings
from sysinit_vm.config import document
from sysinit_vm.projects import locate
from sysinit_vm.tasks.context import done, end, lima, runner, started
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say


@verb(
    "ssh-config",
    group="Access",
    examples=["sysinit-vm ssh-config --print", "sysinit-vm ssh-config --yes"],
    exits=[5, 6],
    print_="Print what ssh would be told, and change nothing.",
    remove="Take the Include out of ~/.ssh/config again.",
)
def ssh_config(c: Context, print_: bool = False, remove: bool = False, yes: bool = False) -> None:
    """Let `ssh VM` reach every project's VM.

    It works from anywhere. The command shows and confirms one Include at the top of ~/.ssh/config.
    """
    from sysinit_vm import file_edits, ssh_config

    if print_:
        hosts = [ssh_config.host(each) for each in lima(c).instances() if each.project_dir]
        print("\n".join([f"# {ssh_config.path()}", ssh_config.include(), "", *filter(None, hosts)]), end="")
    elif remove:
        wanted = ssh_config.without_include()
        hint = "sysinit-vm ssh-config --remove --yes"
        file_edits.make([wanted] if wanted else [], yes=yes, dry=c.config.run.dry, hint=hint)
        done(c, f"{ssh_config.path()} has no Include of ours.")
    else:
        names = ssh_config.ensure(runner(c), lima(c).instances(), yes=yes)
        done(c, "\n".join(f"ssh {name}" for name in names) or "A VM is known to ssh once it has started.")


@verb(
    "open",
    group="Access",
    examples=["sysinit-vm open", "sysinit-vm open --editor zed"],
    exits=[3, 4, 5, 6],
    ends="Otherwise the editor's own.",
    editor="code, cursor, zed or gateway; default: SYSINIT_VM_EDITOR or its setting, else the first found.",
    yes="Change ~/.ssh/config without asking, where it does not name the VMs yet.",
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

    VS Code, Cursor, Zed or JetBrains Gateway, through ssh; the VM is started if it is not running.
    """
    from sysinit_vm import editors, ssh_config

    target, vms = locate.target(project, name), lima(c)
    committed = document.load(target.project.config) if target.project else None
    chosen, program = editors.choose(editor or settings.value("editor", committed))
    instance = started(c, vms, target, timeout)
    ssh_config.ensure(runner(c), [instance], yes=yes)
    say(f"{chosen.title}: {instance.name}:{instance.project_dir}")
    end(runner(c).attach((program, *chosen.words(instance.name, str(instance.project_dir or "/")))))
