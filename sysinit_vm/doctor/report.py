"""An examination as a table, and the safe fixes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sysinit_vm.doctor.finding import NOTE, OK, WRONG, Finding
from sysinit_vm.errors import VmError
from sysinit_vm.escaping import one_line
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say, table

COLUMNS = ("AREA", "WHAT", "", "FOUND", "TRY")
_ORDER = (WRONG, NOTE, OK)
_STYLES = {WRONG.upper(): "bold red", NOTE.upper(): "yellow", OK: "green"}

SafeCommands = Mapping[str, Callable[[], object]]
"""Hints that are safe to run, such as ``sysinit-vm setup``, each with what runs it."""


@dataclass(frozen=True)
class _Fix:
    """``what`` is wrong, or the command that ``run`` runs; ``question`` asks whether to."""

    what: str
    question: str
    run: Callable[[], object]


def show(findings: Sequence[Finding], commands: SafeCommands, *, everything: bool) -> None:
    """Print the findings on stdout, what is wrong first, and say at the end, on stderr, what is wrong.

    What is as it should be is only counted, unless ``everything``. ``commands`` are those that ``fix`` runs.
    """
    shown = [finding for finding in findings if everything or finding.level != OK]
    if shown:
        in_order = sorted(shown, key=lambda finding: _ORDER.index(finding.level))
        table(COLUMNS, [_row(finding) for finding in in_order], styles=_STYLES)
    if len(shown) < len(findings):
        say(f"{len(findings) - len(shown)} checks passed; `sysinit-vm doctor --all` lists them.")
    wrong = [finding for finding in findings if finding.wrong]
    safe = sum(1 for finding in wrong if finding.fix or finding.hint in commands)
    fixed = f"{safe} of them" if safe < len(wrong) else "it" if safe == 1 else "them"
    fixes = f" `sysinit-vm doctor --fix` fixes {fixed} safely." if safe else ""
    say(f"Wrong: {len(wrong)}.{fixes}" if wrong else "Nothing is wrong.")
    for finding in wrong:
        say(f"  {one_line(f'{finding.subject}: {finding.text}')}")
        if finding.hint:
            say(f"    Try: {one_line(finding.hint)}")


def _row(finding: Finding) -> tuple[str, ...]:
    level = finding.level if finding.level == OK else finding.level.upper()
    return (finding.area, finding.subject, level, finding.text, finding.hint)


def fix(findings: Iterable[Finding], commands: SafeCommands, *, ask: bool, dry: bool) -> int:
    """Fix what is wrong, if that is safe: by its own fix, or by its hint if that is one of ``commands``.

    Each is asked about if ``ask``; ``dry`` only reports them. Return how many succeeded; a failure is reported.
    """
    fixed = 0
    for safe in _fixes(findings, commands):
        if dry:
            say(f"Would fix: {safe.what}")
        elif not ask or prompts.agrees(f"{safe.what}. {safe.question}"):
            say(f"Fixing: {safe.what}")
            fixed += _succeeds(safe.run)
    return fixed


def _fixes(findings: Iterable[Finding], commands: SafeCommands) -> Iterator[_Fix]:
    """Yield the fixes in the order of the findings; a command only once, however many need it."""
    remaining = dict(commands)
    for finding in findings:
        if finding.fix is not None:
            yield _Fix(one_line(f"{finding.subject}: {finding.text}"), "Fix it?", finding.fix)
        elif finding.wrong and finding.hint in remaining:
            yield _Fix(finding.hint, "Run it?", remaining.pop(finding.hint))


def _succeeds(run: Callable[[], object]) -> bool:
    try:
        run()
    except (VmError, OSError) as error:
        say(str(error))
        return False
    return True
