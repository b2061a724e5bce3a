"""doctor: say what is wrong, and what fixes it."""

from dataclasses import replace
from functools import partial

from invoke.context import Context

from sysinit_vm import hints
from sysinit_vm.doctor.finding import Finding, wrong
from sysinit_vm.doctor.report import SafeCommands
from sysinit_vm.errors import VmError
from sysinit_vm.tasks.context import lima_if_found, runner
from sysinit_vm.tasks.output import end, print_json
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal import prompts


@verb(
    group="Machine",
    examples=["sysinit-vm doctor", "sysinit-vm doctor --fix"],
    ends="1 also if anything is wrong.",
    fix="Fix what can be fixed safely, without asking for each, then check again.",
    all="Also list what is as it should be.",
)
def doctor(
    c: Context,
    fix: bool = False,
    all: bool = False,  # noqa: A002
    json: bool = False,
    project: str | None = None,
    name: str | None = None,
) -> None:
    """Report what is wrong, and how to fix it.

    Examine the machine, the project and its VM. Outside a project, examine the machine alone. On a terminal, offer to
    run what fixes it, if no data can be lost.
    """
    from sysinit_vm.doctor import report

    commands, dry = _safe_commands(c), bool(c.config.run.dry)
    findings = _findings(c, project, name)
    asks = not (fix or json or dry) and prompts.can_ask()
    if asks:
        report.show(findings, commands, everything=all)
    fixed = report.fix(findings, commands, ask=asks, dry=dry) if fix or asks else 0
    if fixed:
        findings = _findings(c, project, name)
    if json:
        print_json({"findings": [finding.data() for finding in findings]})
    elif fixed or not asks:
        report.show(findings, commands, everything=all)
    end(int(any(finding.wrong for finding in findings)))


def _findings(c: Context, project: str | None, name: str | None) -> list[Finding]:
    from sysinit_vm.doctor import examine

    (target, problems), vms = examine.meant(project, name), None
    try:
        vms = lima_if_found(c)  # a missing limactl is reported with the other prerequisites
    except VmError as error:
        problems.append(wrong("machine", "limactl", error))
    findings = examine.everything(runner(c), vms, target, problems)
    return [replace(finding, hint=hints.completed(finding.hint)) for finding in findings]


def _safe_commands(c: Context) -> SafeCommands:
    """Return the commands that only add something; each asks what it always asks.

    `start` is none of them: it ends what is left of a crashed VM, and so what may still run in it.
    """
    from sysinit_vm.tasks import task

    return {f"sysinit-vm {name}": partial(task(name), c) for name in ("setup", "build.debian")}
