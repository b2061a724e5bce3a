"""An examination as a table, and what mending without harm is."""

from collections.abc import Iterable, Sequence

from sysinit_vm.doctor.finding import OK, Finding
from sysinit_vm.errors import VmError
from sysinit_vm.terminal.console import say, table

COLUMNS = ("AREA", "WHAT", "", "FOUND", "TRY")


def show(findings: Sequence[Finding]) -> None:
    """Print every finding on stdout, and say on stderr how many are wrong."""
    table(COLUMNS, [_row(each) for each in findings])
    wrong = [each for each in findings if each.wrong]
    safe = sum(1 for each in wrong if each.fix)
    if not wrong:
        say("Nothing is wrong.")
    elif safe:
        say(f"Wrong: {len(wrong)}. `sysinit-vm doctor --fix` mends {safe} of them, and harms nothing.")
    else:
        say(f"Wrong: {len(wrong)}.")


def _row(finding: Finding) -> tuple[str, ...]:
    level = finding.level if finding.level == OK else finding.level.upper()
    return (finding.area, finding.subject, level, finding.said, finding.mend)


def fix(findings: Iterable[Finding], *, dry: bool) -> int:
    """Mend what can be mended without harm, telling each; return how many were. ``dry`` only tells."""
    mended = 0
    for each in findings:
        if each.fix is None:
            continue
        say(f"{'Would mend' if dry else 'Mending'}: {each.subject} ({each.said})")
        if dry:
            continue
        try:
            each.fix()
        except (VmError, OSError) as error:
            say(str(error))
            continue
        mended += 1
    return mended
