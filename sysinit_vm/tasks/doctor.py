"""doctor: say what is wrong, and what fixes it."""

from invoke.context import Context

from sysinit_vm.errors import VmError
from sysinit_vm.tasks.context import lima_if_found, runner
from sysinit_vm.tasks.output import end, print_json
from sysinit_vm.tasks.verb import verb


@verb(
    group="Machine",
    examples=["sysinit-vm doctor", "sysinit-vm doctor --fix"],
    ends="1 also if anything is wrong.",
    fix="Fix what can be fixed safely, then check again.",
)
def doctor(
    c: Context, fix: bool = False, json: bool = False, project: str | None = None, name: str | None = None
) -> None:
    """Report what is wrong, and how to fix it.

    Examine the machine, the project and its VM. Outside a project, examine the machine alone.
    """
    from sysinit_vm.doctor import examine, report
    from sysinit_vm.doctor.finding import wrong

    (target, problems), vms = examine.meant(project, name), None
    try:
        vms = lima_if_found(c)  # a missing limactl is reported with the other prerequisites
    except VmError as error:
        problems.append(wrong("machine", "limactl", error))
    findings = examine.everything(runner(c), vms, target, problems)
    if fix and report.fix(findings, dry=bool(c.config.run.dry)):
        findings = examine.everything(runner(c), vms, target, problems)
    if json:
        print_json({"findings": [finding.data() for finding in findings]})
    else:
        report.show(findings)
    end(int(any(finding.wrong for finding in findings)))
