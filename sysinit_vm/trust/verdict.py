"""What a config or an instance can do to this machine, and whether all of that was allowed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from sysinit_vm import hints
from sysinit_vm.lima.home import lima_home
from sysinit_vm.trust import approvals
from sysinit_vm.trust.approvals import Approval
from sysinit_vm.trust.danger import Danger, Level
from sysinit_vm.trust.former import Former

# Characters of a hash that are typed: whoever writes two configs must not be able to find two that share them.
SHORT = 40


@dataclass(frozen=True)
class Verdict:
    """What ``title``, such as a config's path, can do to this machine.

    ``place`` (absolute) is what an approval is for: a project's or an instance's directory; ``owner`` is the project
    of an instance, whose approvals count too. ``more`` says that files which it names are not in it yet: taking them
    needs an approval. ``config`` (absolute) is the file that its user edits, None for what Lima wrote.
    ``former`` is what was allowed where the project was before, which is told and does not count.
    """

    title: str
    place: Path
    dangers: tuple[Danger, ...]
    more: bool = False
    owner: Path | None = None
    config: Path | None = None
    former: Former | None = None

    @property
    def items(self) -> list[str]:
        """What an approval covers."""
        return approvals.items(self.dangers)

    @property
    def hash(self) -> str:
        """What to type to allow exactly this, and nothing that the config may become later."""
        return approvals.digest(self.items)[:SHORT]

    @property
    def allowed(self) -> bool:
        """Whether everything in it was allowed, or nothing in it is dangerous."""
        return self.approval.covers(self.items)

    @property
    def approval(self) -> Approval:
        """What was allowed before."""
        return approvals.load(self.place) | (approvals.load(self.owner) if self.owner else Approval())

    @property
    def typos(self) -> list[Danger]:
        """The keys of ``config`` that were not allowed before, and are probably typos of others."""
        before = self.approval.items
        return [one for one in self.dangers if self.config and one.meant and one.line and one.item not in before]

    def with_dangers(self, others: Iterable[Danger]) -> Self:
        """Return it with ``others`` too, each once."""
        return replace(self, dangers=worst_last((*self.dangers, *others)))

    @property
    def command(self) -> str:
        """The command that shows and allows it."""
        own = f" --name {self.place.name}" if self.place.parent == lima_home() else ""
        return hints.completed(f"sysinit-vm trust{own}")


def worst_last(dangers: Iterable[Danger]) -> tuple[Danger, ...]:
    """Return ``dangers`` each once, the worst last, where it stays on the screen."""
    once = {danger.item: danger for danger in reversed(list(dangers))}.values()
    return tuple(sorted(once, key=lambda danger: (-danger.level, *map(str, kind(danger)[1]), str(danger.where))))


def kind(danger: Danger) -> tuple[Level, tuple[str, ...]]:
    """Return what makes dangers alike: their level, and their keys without the numbers of entries."""
    return danger.level, tuple(key for key in danger.where if isinstance(key, str))
