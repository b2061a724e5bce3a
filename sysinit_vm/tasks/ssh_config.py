"""ssh-config: make the VMs known to ssh."""

from invoke.context import Context

from sysinit_vm import file_edits, ssh_config
from sysinit_vm.tasks.context import lima, runner
from sysinit_vm.tasks.output import done
from sysinit_vm.tasks.verb import verb


@verb(
    "ssh-config",
    group="Access",
    examples=["sysinit-vm ssh-config --print", "sysinit-vm ssh-config --yes"],
    exits=[5, 6],
    print_="Print what ssh would be told, and change nothing.",
    remove="Take the Include out of ~/.ssh/config again.",
)
def ssh_config_(c: Context, print_: bool = False, remove: bool = False, yes: bool = False) -> None:
    """Let `ssh VM` reach every project's VM.

    It works from anywhere. The command shows and confirms one Include at the top of ~/.ssh/config.
    """
    if print_:
        hosts = [ssh_config.host_block(instance) for instance in lima(c).instances() if instance.project_dir]
        print("\n".join([f"# {ssh_config.path()}", ssh_config.include_line(), "", *filter(None, hosts)]), end="")
    elif remove:
        wanted = ssh_config.without_include()
        hint = "sysinit-vm ssh-config --remove --yes"
        file_edits.ask_and_write([wanted] if wanted else [], yes=yes, dry=c.config.run.dry, hint=hint)
        done(c, f"{ssh_config.path()} has no Include of ours.")
    else:
        names = ssh_config.ensure(runner(c), lima(c).instances(), yes=yes)
        done(c, "\n".join(f"ssh {name}" for name in names) or "A VM is known to ssh once it has started.")
