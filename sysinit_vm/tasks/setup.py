"""The machine: setup, and doctor, who also looks at the project and its VM."""

from invoke.context import Context

from sysinit_vm.errors import VmError
from sysinit_vm.lima.home import lima_home
from sysinit_vm.tasks.context import end, lima_if_found, print_json, runner
from sysinit_vm.tasks.verb import verb


@verb(
    group="Machine",
    examples=["sysinit-vm setup", "sysinit-vm setup --json"],
    exits=[5, 6],
    yes="Run the commands without asking.",
    extras="Also install task, nix and virtiofsd, which not everyone needs.",
    json="Print the parts, the commands that would be run and the limits as JSON, and change nothing.",
)
def setup(c: Context, yes: bool = False, extras: bool = False, json: bool = False) -> None:
    """Obtain what this machine lacks for VMs.

    limactl, QEMU, Zellij for the guest. Each command is shown and confirmed. Typed again, it goes on where it stopped.
    """
    from sysinit_vm.images import available
    from sysinit_vm.machine import install, limits, report
    from sysinit_vm.machine import optional as more
    from sysinit_vm.machine.host import Host
    from sysinit_vm.machine.prerequisites import survey

    host, home = Host.read(), lima_home()
    if json:
        parts = [*survey(runner(c), host), *more.survey(runner(c), host)]
        print(report.as_json(parts, limits.survey(runner(c), host, home, available.kernels(home))))
        return
    parts = install.setup(runner(c), host, yes=yes, more=more.survey if extras else install.nothing_more)
    shown = parts if extras else [*parts, *more.survey(runner(c), host)]
    report.show(host, shown, limits.survey(runner(c), host, home, available.kernels(home)))


@verb(
    group="Machine",
    examples=["sysinit-vm doctor", "sysinit-vm doctor --fix"],
    ends="1 also where anything is wrong.",
    fix="Fix what can be fixed safely, then check again.",
)
def doctor(
    c: Context, fix: bool = False, json: bool = False, project: str | None = None, name: str | None = None
) -> None:
    """Name what is wrong, and what mends it.

    Examines machine, project and VM. Works outside of a project too, on the machine alone.
    """
    from sysinit_vm.doctor import examine, report
    from sysinit_vm.doctor.finding import wrong

    (target, problems), vms = examine.meant(project, name), None
    try:
        vms = lima_if_found(c)  # one that is missing is told with the other parts
    except VmError as error:
        problems.append(wrong("machine", "limactl", error))
    findings = examine.everything(runner(c), vms, target, problems)
    if fix and report.fix(findings, dry=bool(c.config.run.dry)):
        findings = examine.everything(runner(c), vms, target, problems)
    if json:
        print_json({"findings": [each.data() for each in findings]})
    else:
        report.show(findings)
    end(int(any(each.wrong for each in findings)))


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

    print(script(shell), end="")


@verb(group="Machine", examples=["sysinit-vm taskfile"])
def taskfile(_c: Context) -> None:
    """Print the path of the Taskfile to include.

    It is a link to the installed package's Taskfile, which this command creates or updates.
    """
    from sysinit_vm.joining.taskfile import shared

    print(shared())
