"""An examination as a table, and the safe fixes."""

from collections.abc import Iterable, Sequence

from sysinit_vm.doctor.finding import OK, Finding
from sysinit_vm.errors import VmError
from sysinit_vm.terminal.console import say, table

COLUMNS = ("AREA", "WHAT", "", "FOUND", "TRY")


def show(findings: Sequence[Finding]) -> None:
    """Print every finding on stdout, and say on stderr how many are wrong."""
    table(COLUMNS, [_row(finding) for finding in findings])
    wrong = [finding for finding in findings if finding.wrong]
    safe = sum(1 for finding in wrong if finding.fix)
    if not wrong:
        say("Nothing is wrong.")
    elif safe:
        say(f"Wrong: {len(wrong)}. `sysinit-vm doctor --fix` fixes {safe} of them safely.")
    else:
        say(f"Wrong: {len(wrong)}.")


def _row(finding: Finding) -> tuple[str, ...]:
    level = finding.level if finding.level == OK else finding.level.upper()
    return (finding.area, finding.subject, level, finding.text, finding.hint)


def fix(findings: Iterable[Finding], *, dry: bool) -> int:
    """Apply every safe fix and report it; return how many succeeded. ``dry`` only reports them."""
    fixed = 0
    for finding in findings:
        if finding.fix is None:
            continue
        say(f"{'Would fix' if dry else 'Fixing'}: {finding.subject} ({finding.text})")
        if dry:
            continue
        try:
            finding.fix()
        except (VmError, OSError) as error:
            say(str(error))
            continue
        fixed += 1
    return fixed
