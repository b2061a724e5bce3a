"""The gate before limactl: a config passes if nothing in it is dangerous, or all that is dangerous was allowed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Self

from sysinit_vm.config.document import Config
from sysinit_vm.errors import NotConfirmedError, UsageError
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.judged import JudgedConfig, JudgedInstance
from sysinit_vm.projects import search
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import page, say
from sysinit_vm.trust import approvals, included, refusals, table
from sysinit_vm.trust.approvals import Approval
from sysinit_vm.trust.context import here
from sysinit_vm.trust.danger import Context, Danger, Level
from sysinit_vm.trust.included import Included
from sysinit_vm.trust.rules import display

_SHORT = 16  # characters of a hash that are typed
_MOST_ALIKE = 20  # dangers of one kind that are shown one by one
_NEVER_FOLDED = (Level.RUNS, Level.DELETES)


@dataclass(frozen=True)
class Verdict:
    """What ``title``, such as a config's path, can do to this machine.

    ``place`` (absolute) is what an approval is for: a project's or an instance's directory; ``owner`` is the project
    of an instance, whose approvals count too. ``more`` says that files which it names are not in it yet: taking them
    needs an approval.
    """

    title: str
    place: Path
    dangers: tuple[Danger, ...]
    more: bool = False
    owner: Path | None = None

    @property
    def items(self) -> list[str]:
        """What an approval covers."""
        return approvals.items(self.dangers)

    @property
    def hash(self) -> str:
        """What to type to allow exactly this, and nothing that the config may become later."""
        return approvals.digest(self.items)[:_SHORT]

    @property
    def allowed(self) -> bool:
        """Whether everything in it was allowed, or nothing in it is dangerous."""
        return self.approval.covers(self.items)

    @property
    def approval(self) -> Approval:
        """What was allowed before."""
        return approvals.load(self.place) | (approvals.load(self.owner) if self.owner else Approval())

    def with_dangers(self, others: Iterable[Danger]) -> Self:
        """Return it with ``others`` too, each once."""
        return replace(self, dangers=_sorted((*self.dangers, *others)))

    @property
    def command(self) -> str:
        """The command that shows and allows it."""
        return "sysinit-vm trust" if self.place.parent != lima_home() else f"sysinit-vm trust --name {self.place.name}"


def judge(data: Mapping[str, Any], committed: Config, root: Path, others: Included | None = None) -> Verdict:
    """Return what ``data``, which is ``committed`` as limactl would be given it, can do to this machine. Only reads.

    ``root`` is the project's directory (absolute). ``others`` are the files that it includes: those that are outside
    the project, and every byte of what came of them, count too. VmError for what no approval allows.
    """
    effective = replace(committed, data=dict(data), text="")  # whose entries have other numbers
    refusals.check_size(effective)
    refusals.check(effective)
    refusals.check_host_paths(effective, root)
    context = here(data, root)
    dangers = [*_dangers(data, context), *_owner(committed)]
    if others is not None:
        outside = list(included.dangers(others, context))
        dangers += outside
        if outside and not others.missing:
            words = "is made of other files too, every byte of which counts"
            dangers.append(Danger(Level.FETCHES, ("base",), words, others.fingerprint))
    more = others is not None and bool(others.missing)
    return Verdict(str(committed.path), root, _sorted(dangers), more)


def judge_instance(instance: Instance) -> Verdict:
    """Return what an existing instance can do to this machine, by its config as Lima itself reads and fills it in."""
    owner = instance.project_dir
    project = None if owner is None or search.unusable(owner) else owner
    data = {**instance.filled, "mountType": instance.mount_type}
    refusals.check_host_paths(Config(instance.files.lima_yaml, data), project)
    dangers = _dangers(data, here(data, project or instance.dir))
    return Verdict(f"The VM {instance.name}", instance.dir, _sorted(dangers), owner=owner)


def judge_edited(instance: Instance, data: Mapping[str, Any]) -> Verdict:
    """As ``judge_instance``, but if its own config became ``data``; what stays the same is as Lima fills it in."""
    own = instance.config()
    refusals.check(replace(own, data=dict(data)))
    same = {key for key, value in data.items() if own.data.get(key) == value}
    gone = set(own.data) - set(data)
    stays = {key for key in instance.filled if key in same or key not in {*data, *gone}}
    kept = {key: instance.filled[key] for key in stays}
    return judge_instance(replace(instance, filled={**data, **kept}, param=data.get("param") or {}))


def require(verdict: Verdict) -> None:
    """Return if ``verdict`` is allowed. On a terminal what is not allowed yet is shown and asked.

    Elsewhere, and if the answer is no, NotConfirmedError (exit 5) gives the command that allows it.
    """
    if verdict.allowed:
        return
    tell(verdict)
    command = f"{verdict.command} --approve {verdict.hash}"
    if not prompts.can_ask():
        raise NotConfirmedError(
            f"{verdict.title} is not trusted yet.",
            detail="What it can do to this machine is listed above. --yes does not allow it.",
            hint=command,
        )
    folded = len(_lines(verdict.dangers, frozenset())) < len(verdict.dangers)
    if folded and prompts.agrees("Show all of it in a pager?"):
        page("\n".join(_line(danger, " ") for danger in verdict.dangers))
    prompts.confirm("Allow this?", yes=False, refusal_hint=command)
    _save(verdict)


def passed(name: str, data: Mapping[str, Any], verdict: Verdict) -> JudgedConfig:
    """Return ``data`` for limactl, for the instance ``name``; as ``require`` if its ``verdict`` is not allowed."""
    require(verdict)
    return JudgedConfig(name, data)


def passed_instance(instance: Instance) -> JudgedInstance:
    """Return an existing instance for limactl; as ``require`` if what it holds is not allowed."""
    require(judge_instance(instance))
    return JudgedInstance(instance.name)


def remember(name: str, verdict: Verdict, also: Iterable[str] = ()) -> None:
    """Allow the instance ``name`` what it is made with, and the items ``also``: the project may want another later."""
    approvals.save(lima_home() / name, {*verdict.items, *also}, project=verdict.owner or verdict.place)


def tell(verdict: Verdict) -> None:
    """Print on stderr what it can do to this machine, worst last, and what has changed since it was allowed."""
    if not verdict.dangers:
        more = ", but it takes more from other files" if verdict.more else ""
        say(f"{verdict.title} can do nothing to your machine outside the project{more}.")
        return
    before, now = verdict.approval, set(verdict.items)
    lines = [f"{verdict.title} can do this to your machine:", *_lines(verdict.dangers, before.items)]
    if before.former:
        lines.append(
            f"An earlier version of sysinit-vm allowed it {before.former} of these things. That does not count, "
            "because more is judged now."
        )
    if before.items and before.items != now:
        lines.append(f"Since you allowed it: {len(now - before.items)} new (+), {len(before.items - now)} gone.")
    command = f"{verdict.command} --approve {verdict.hash}"
    say("\n".join([*lines, "It is allowed." if verdict.allowed else f"It is not allowed yet: {command}"]))


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


def approve(verdict: Verdict, typed: str) -> str | None:
    """Allow ``verdict`` if ``typed`` is the beginning of its hash, and return the whole hash; None otherwise."""
    whole = approvals.digest(verdict.items)
    if len(typed) < _SHORT or not whole.startswith(typed):
        return None
    _save(verdict)
    return whole


def _save(verdict: Verdict) -> None:
    approvals.save(verdict.place, verdict.items, project=verdict.owner)


def wrong_hash(verdict: Verdict, typed: str) -> UsageError:
    """Return the error for a hash that does not stand for what can be allowed now."""
    return UsageError(
        f"{display(typed)} is not the hash of what {verdict.title} can do now.",
        detail="Type at least 16 characters of the hash that was shown; the config may have changed since.",
        hint=f"{verdict.command} --show",
    )


def _lines(dangers: Iterable[Danger], before: frozenset[str]) -> list[str]:
    """Return a line for each danger, those alike together: after the first few of them, only how many there are."""
    lines = list[str]()
    for (level, _), group in groupby(dangers, _kind):
        # what is new comes first, and then what is the user's own
        alike = sorted(group, key=lambda danger: (danger.item in before, f"{Path.home()}/." not in danger.words))
        all_of_them = level in _NEVER_FOLDED or len(alike) <= _MOST_ALIKE + 1
        shown = alike if all_of_them else alike[:_MOST_ALIKE]
        lines += [_line(danger, "+" if before and danger.item not in before else " ") for danger in shown]
        if len(shown) < len(alike):
            lines.append(f"   {level.name:<7} … and {len(alike) - len(shown)} more like these: sysinit-vm trust --json")
    return lines


def _line(danger: Danger, mark: str) -> str:
    return f" {mark} {danger.level.name:<7} {danger.key} {danger.words}"


def _kind(danger: Danger) -> tuple[Level, tuple[str, ...]]:
    return danger.level, tuple(key for key in danger.where if isinstance(key, str))


def _sorted(dangers: Iterable[Danger]) -> tuple[Danger, ...]:
    """Each once, the worst last, where it stays on the screen."""
    once = {danger.item: danger for danger in reversed(list(dangers))}.values()
    return tuple(sorted(once, key=lambda danger: (-danger.level, *map(str, _kind(danger)[1]), str(danger.where))))


def _dangers(data: Mapping[str, Any], context: Context) -> Iterator[Danger]:
    yield from table.CONFIG((), data, context)
    yield from table.proxies(data, context)


def _owner(committed: Config) -> Iterator[Danger]:
    if committed.foreign_owner:
        words = f"was written by the account {display(committed.foreign_owner)}, not by you"
        yield Danger(Level.FETCHES, (str(committed.path.name),), words, committed.foreign_owner)
