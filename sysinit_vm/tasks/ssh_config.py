"""ssh-config: make the VMs known to ssh."""

from invoke.context import Context

from sysinit_vm import file_edits, ssh_config
from sysinit_vm.tasks.context import lima, runner
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import show


@verb(
    "ssh-config",
    group="Access",
    examples=["sysinit-vm ssh-config --print", "sysinit-vm ssh-config --yes"],
    exits=[5, 6],
    print_="Print the ssh configuration, and change nothing.",
    remove="Remove the Include from ~/.ssh/config.",
)
def ssh_config_(c: Context, print_: bool = False, remove: bool = False, yes: bool = False) -> None:
    """Let `ssh VM` reach every project's VM.

    It works in any directory. This command adds one Include at the top of ~/.ssh/config, after showing it and asking.
    """
    if print_:
        hosts = [ssh_config.host_block(instance) for instance in lima(c).instances() if instance.project_dir]
        lines = [f"# {ssh_config.path()}", ssh_config.include_line(), "", *filter(None, hosts)]
        show("\n".join(lines).rstrip("\n"))
    elif remove:
        edit = ssh_config.without_include()
        hint = "sysinit-vm ssh-config --remove --yes"
        file_edits.ask_and_write([edit] if edit else [], yes=yes, dry=c.config.run.dry, hint=hint)
        done(c, f"{ssh_config.path()} does not include our VMs.")
    else:
        names = ssh_config.ensure(runner(c), lima(c).instances(), yes=yes)
        done(c, "\n".join(f"ssh {name}" for name in names) or "ssh knows a VM once it has started.")
