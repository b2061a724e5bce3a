"""The gate before limactl: a config passes when nothing in it is dangerous, or what is was allowed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sysinit_vm.config.document import Config, dump, load, parse
from sysinit_vm.config.params import PROJECT_DIR
from sysinit_vm.errors import NotConfirmedError, UsageError
from sysinit_vm.lima.home import lima_home
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say
from sysinit_vm.trust import approvals, bases, refusals, table
from sysinit_vm.trust.danger import Context, Danger, Level
from sysinit_vm.trust.rules import shown

Embed = Callable[[Config], str]
_SHORT = 16  # characters of a hash that are typed


@dataclass(frozen=True)
class Verdict:
    """What ``config`` can do to this machine.

    ``open`` says that files which it names are not in it yet: fetching them takes an approval too.
    """

    config: Config
    dangers: tuple[Danger, ...]
    open: bool = False

    @property
    def items(self) -> list[str]:
        """What an approval covers."""
        return approvals.items(self.dangers)

    @property
    def hash(self) -> str:
        """What is typed to allow just this, and nothing that it may become."""
        return approvals.digest(self.items)[:_SHORT]


def judge(committed: Config, home: Project) -> Verdict:
    """Return what ``committed`` can do to this machine by itself; VmError for what no approval allows. Reads only."""
    refusals.check(committed)
    place = _place(committed, home)
    references = bases.references(committed)
    found = [*table.CONFIG("", committed.data, place), *bases.dangers(references, place)]
    return Verdict(committed, tuple(sorted(found, key=lambda each: (each.level, each.where))), open=bool(references))


def allowed(verdict: Verdict, home: Project) -> bool:
    """Whether everything in ``verdict`` was allowed for ``home``, or nothing is dangerous."""
    return not verdict.items or approvals.digest(verdict.items) in approvals.load(home.root).hashes


def require(committed: Config, home: Project, embed: Embed) -> Config:
    """Return the config that may be given to limactl: ``committed``, with every file that it names in it.

    On a terminal what is not allowed yet is shown and asked; elsewhere NotConfirmedError (exit 5) with the
    command. ``embed`` fetches and puts in what a config names, and is called only after that was allowed.
    """
    verdict = by_itself(committed, home)
    if not verdict.open:
        return committed
    whole = embedded(verdict, home, embed)
    _pass(whole, home, beside=[approvals.digest(verdict.items)] if verdict.items else [])
    return whole.config


def by_itself(committed: Config, home: Project) -> Verdict:
    """As ``require``, but without the files that ``committed`` names: before anything is obtained for it."""
    verdict = judge(committed, home)
    _pass(verdict, home)
    return verdict


def written_by_us(home: Project) -> None:
    """Allow what `init` has just written for ``home``: nobody else had a hand in it."""
    approvals.save(home.root, judge(load(home.config), home).items)


def embedded(verdict: Verdict, home: Project, embed: Embed) -> Verdict:
    """Return the verdict on a config with all that it names in it: its approval covers every byte of that.

    What was fetched is kept, so that a start needs no network and takes nothing new that the far end has now;
    a change of the config or of a local file that it names, and `trust --revoke`, fetch anew.
    """
    key = bases.fingerprint(verdict.config)
    text = approvals.embedded(home.root, key)
    if text is None:
        text = embed(verdict.config)
        approvals.keep_embedded(home.root, key, text)
    whole = judge(Config(verdict.config.path, parse(text, verdict.config.path)), home)
    content = Danger(Level.FETCHES, "base", "is made of more files than the config itself", dump(whole.config.data))
    outside = [each for each in verdict.dangers if each.where.startswith(("base", "provision", "probes"))]
    return replace(whole, dangers=(*whole.dangers, content) if outside else whole.dangers)


def _pass(verdict: Verdict, home: Project, beside: Sequence[str] = ()) -> None:
    if allowed(verdict, home):
        return
    tell(verdict, home)
    if not prompts.can_ask():
        raise NotConfirmedError(
            f"{verdict.config.path} is not trusted yet.",
            detail="What it can do to this machine is above. --yes does not answer this.",
            hint=f"sysinit-vm trust --approve {verdict.hash}",
        )
    prompts.confirm("Allow this?", yes=False, refusal_hint=f"sysinit-vm trust --approve {verdict.hash}")
    approvals.save(home.root, verdict.items, beside=beside)


def tell(verdict: Verdict, home: Project) -> None:
    """Say on stderr what a config can do to this machine, by danger, and what changed since it was allowed."""
    if not verdict.dangers:
        more = ", but it takes more from other files" if verdict.open else ""
        say(f"{verdict.config.path} can do nothing to your machine outside the project{more}.")
        return
    before = set(approvals.load(home.root).items)
    now = set(verdict.items)
    say(f"{verdict.config.path} can do this to your machine:")
    for each in verdict.dangers:
        mark = "+" if before and each.item not in before else " "
        say(f" {mark} {each.level.name:<7} {shown(each.where)} {each.words}")
    if before and before != now:
        say(f"Since you allowed it: {len(now - before)} new (+), {len(before - now)} gone.")
    say(
        "It is allowed."
        if allowed(verdict, home)
        else f"It is not allowed yet: sysinit-vm trust --approve {verdict.hash}"
    )


def record(verdict: Verdict, home: Project) -> dict[str, Any]:
    """Return what `trust --json` says of ``home``'s config."""
    return {
        "directory": str(home.root),
        "hash": verdict.hash,
        "allowed": allowed(verdict, home),
        "takes_more_files": verdict.open,
        "dangers": [{"level": each.level.name, "where": each.where, "says": each.words} for each in verdict.dangers],
    }


def approve(verdict: Verdict, home: Project, typed: str, embed: Embed) -> str:
    """Allow what ``typed``, the beginning of a hash, stands for, and return the whole hash.

    UsageError where the config does not have that hash now: what is allowed must be what was shown.
    """
    for each, beside in _stages(verdict, home, embed):
        whole = approvals.digest(each.items)
        if len(typed) >= _SHORT and whole.startswith(typed):
            approvals.save(home.root, each.items, beside=beside)
            return whole
    raise UsageError(
        f"{shown(typed)} is not what {verdict.config.path} can do now.",
        detail="A hash stands for what was shown with it, at least 16 characters of it; the config may have changed.",
        hint="sysinit-vm trust --show",
    )


def _stages(verdict: Verdict, home: Project, embed: Embed) -> list[tuple[Verdict, list[str]]]:
    """The config by itself, and, where that is allowed, with what it names in it."""
    first = (verdict, list[str]())
    if not verdict.open or not allowed(verdict, home):
        return [first]
    beside = [approvals.digest(verdict.items)] if verdict.items else []
    return [first, (embedded(verdict, home, embed), beside)]


def _place(committed: Config, home: Project) -> Context:
    param = committed.data.get("param")
    said = param.get(PROJECT_DIR) if isinstance(param, dict) else None
    user = Path.home().resolve()
    private = (approvals.directory().resolve(), lima_home())
    return Context(home.root, user, lima_home(), private, str(said or "{{.Param.PROJECT_DIR}}"))
