"""How a verdict is shown: on a terminal, for scripts, and in a pager."""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from sysinit_vm import hints
from sysinit_vm.escaping import escaped, one_line
from sysinit_vm.terminal import console, prompts
from sysinit_vm.terminal.console import say
from sysinit_vm.trust.danger import Danger, Level
from sysinit_vm.trust.former import Former
from sysinit_vm.trust.verdict import Verdict, kind

_SPACES = re.compile(r" {2,}")
_NARROWEST = 40  # columns; a narrower terminal folds the lines itself
_QUESTION_ROWS = 1
_MOST_ALIKE = 20  # dangers of one kind that are shown one by one
_MOST_TYPOS = 3
# How an entry is written of what has another form in other tools.
_FORMS: Mapping[str, str] = {"portForwards": "- guestPort: 3000\n  hostPort: 3000"}
_NEVER_FOLDED = (Level.RUNS, Level.DELETES, Level.WRITES)


def tell(verdict: Verdict) -> None:
    """Print on stderr what it can do to this machine, worst last, and what has changed since it was allowed."""
    say(_told(verdict))


def _told(verdict: Verdict) -> str:
    title = one_line(verdict.title)
    if not verdict.dangers:
        more = ", but it takes more from other files" if verdict.more else ""
        return f"{title} can do nothing to your machine outside the project{more}."
    before, now = verdict.approval, set(verdict.items)
    former = verdict.former if verdict.former and not before.items and verdict.former.items & now else None
    known = former.items if former else before.items
    moved = [_moved(former, verdict.place)] if former else []
    lines = [*moved, f"{title} can do this to your machine:", *_lines(verdict.dangers, known)]
    if before.former:
        lines.append(
            f"An earlier version of sysinit-vm allowed it {before.former} of these things. That does not count, "
            "because more is judged now."
        )
    if before.items and before.items != now:
        lines.append(f"Since you allowed it: {len(now - before.items)} new (+), {len(before.items - now)} gone.")
    if former:
        new = len(now - known)
        this = f"this for {former.directory}, but for {new} new (+)" if new else f"all of this for {former.directory}"
        lines.append(f"You allowed {this}.")
    # What was not shown cannot be allowed by copying a hash.
    command = verdict.command if folds(verdict) else f"{verdict.command} --approve {verdict.hash}"
    if verdict.allowed:
        return "\n".join([*lines, "It is allowed."])
    typos = _typos(verdict)
    how = f"If it is a key of a newer Lima: {command}" if typos else f"It is not allowed yet: {command}"
    return "\n".join([*lines, *typos, how])


def _moved(former: Former, now: Path) -> str:
    """Return where the project that is at ``now`` probably was before, and how it gets its VM back."""
    if not former.vm:
        return f"{former.directory}, for which this config was allowed, is gone."
    adopt = hints.completed("sysinit-vm adopt")
    return f"{former.directory}, the project of the VM {former.vm}, is gone. If it is {now} now: {adopt}"


def _typos(verdict: Verdict) -> list[str]:
    """Return what the config's unknown keys were probably meant to be, and how that is written; only the first few."""
    lines, path = list[str](), one_line(str(verdict.config))
    for danger in verdict.typos[:_MOST_TYPOS]:
        form = _FORMS.get(danger.meant)
        how = f" An entry of it has two lines:\n{form}" if form else ""
        lines += [
            f"{danger.key} in line {danger.line} of {path} is not a key that sysinit-vm knows.",
            f"Did you mean {danger.meant}?{how}",
        ]
    return lines


def folds(verdict: Verdict) -> bool:
    """Whether ``tell`` leaves some of what is alike out on a terminal."""
    return len(_lines(verdict.dangers, frozenset())) < len(verdict.dangers)


def fits(verdict: Verdict) -> bool:
    """Whether all that ``tell`` prints can be seen on the terminal at once, with the question below it."""
    terminal = console.size()
    rows = sum(len(console.wrapped(line, terminal.columns)) for line in escaped(_told(verdict)).split("\n"))
    return not folds(verdict) and rows + _QUESTION_ROWS <= terminal.lines


def record(verdict: Verdict) -> dict[str, Any]:
    """Return what `trust --json` prints."""
    return {
        "directory": str(verdict.place),
        "hash": verdict.hash,
        "allowed": verdict.allowed,
        "takes_more_files": verdict.more,
        "dangers": [
            {"level": danger.level.name, "where": danger.key, "says": danger.words, "value": danger.value}
            for danger in verdict.dangers
        ],
    }


def page(verdict: Verdict) -> None:
    """Show all that it can do in the user's pager."""
    console.page("\n".join(_line(danger, " ") for danger in verdict.dangers))


def _lines(dangers: Iterable[Danger], before: frozenset[str]) -> list[str]:
    """Return a line for each danger, those alike together: after the first few of them, only how many there are."""
    lines = list[str]()
    for (level, _), group in groupby(dangers, kind):
        # what is new comes first, and then what is the user's own
        alike = sorted(group, key=lambda danger: (danger.item in before, f"{Path.home()}/" not in danger.words))
        all_of_them = level in _NEVER_FOLDED or len(alike) <= _MOST_ALIKE + 1 or not prompts.can_ask()
        shown = alike if all_of_them else alike[:_MOST_ALIKE]
        lines += [_line(danger, "+" if before and danger.item not in before else " ") for danger in shown]
        if len(shown) < len(alike):
            lines.append(f"   {level.name:<7} … and {len(alike) - len(shown)} more like these: sysinit-vm trust --json")
    return lines


def _line(danger: Danger, mark: str) -> str:
    """Return one danger, in as many rows as the terminal needs; nothing in it can look like another one's beginning."""
    text = _SPACES.sub(lambda spaces: " " + r"\x20" * (len(spaces[0]) - 1), one_line(f"{danger.key} {danger.words}"))
    begin = f" {mark} {danger.level.name:<7} "
    if not prompts.can_ask():
        return begin + text
    rows = console.wrapped(text, max(console.size().columns - 1, _NARROWEST) - len(begin))
    return begin + f"\n{' ' * len(begin)}".join(rows)
