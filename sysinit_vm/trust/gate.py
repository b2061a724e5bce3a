"""The gate before limactl: a config passes if nothing in it is dangerous, or all that is dangerous was allowed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sysinit_vm.config.document import Config, dump, parse
from sysinit_vm.config.params import PROJECT_DIR
from sysinit_vm.errors import NotConfirmedError, UsageError
from sysinit_vm.lima.home import lima_home
from sysinit_vm.projects import committed_config
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say
from sysinit_vm.trust import approvals, bases, refusals, table
from sysinit_vm.trust.danger import Context, Danger, Level
from sysinit_vm.trust.rules import display

Embed = Callable[[Config], str]
_SHORT = 16  # characters of a hash that are typed


@dataclass(frozen=True)
class Verdict:
    """What ``config`` can do to this machine.

    ``incomplete`` says that files which it names are not in it yet: fetching them takes an approval too.
    """

    config: Config
    dangers: tuple[Danger, ...]
    incomplete: bool = False

    @property
    def items(self) -> list[str]:
        """What an approval covers."""
        return approvals.items(self.dangers)

    @property
    def hash(self) -> str:
        """What to type to allow exactly this, and nothing that the config may become later."""
        return approvals.digest(self.items)[:_SHORT]


def judge(committed: Config, project: Project) -> Verdict:
    """Return what ``committed`` can do to this machine by itself; VmError for what no approval allows. Only reads."""
    refusals.check(committed)
    context = _context(committed, project)
    references = bases.references(committed)
    dangers = [*table.CONFIG("", committed.data, context), *bases.dangers(references, context)]
    return Verdict(
        committed, tuple(sorted(dangers, key=lambda danger: (danger.level, danger.where))), incomplete=bool(references)
    )


def allowed(verdict: Verdict, project: Project) -> bool:
    """Whether everything in ``verdict`` was allowed for ``project``, or nothing in it is dangerous."""
    return not verdict.items or approvals.digest(verdict.items) in approvals.load(project.root).hashes


def require(committed: Config, project: Project, embed: Embed) -> Config:
    """Return the config that may be given to limactl: ``committed``, with every file that it names in it.

    On a terminal, what is not allowed yet is shown and asked; elsewhere NotConfirmedError (exit 5) gives the command
    that allows it. ``embed`` fetches the files that a config names and puts them in; it is called only after that was
    allowed.
    """
    verdict = require_alone(committed, project)
    if not verdict.incomplete:
        return committed
    whole = with_files(verdict, project, embed)
    _require_allowed(whole, project, beside=[approvals.digest(verdict.items)] if verdict.items else [])
    return whole.config


def require_alone(committed: Config, project: Project) -> Verdict:
    """As ``require``, but without the files that ``committed`` names: before anything is fetched for it."""
    verdict = judge(committed, project)
    _require_allowed(verdict, project)
    return verdict


def trust_own_config(project: Project) -> None:
    """Allow what `init` has just written for ``project``: nobody else has changed it."""
    approvals.save(project.root, judge(committed_config.load(project), project).items)


def with_files(verdict: Verdict, project: Project, embed: Embed) -> Verdict:
    """Return the verdict on a config with every file that it names in it; an approval covers every byte of them.

    What was fetched is kept, so that a start needs no network and takes nothing that the server has changed since.
    A change of the config or of a local file that it names fetches again, and so does `trust --revoke`.
    """
    key = bases.fingerprint(verdict.config)
    text = approvals.embedded(project.root, key)
    if text is None:
        text = embed(verdict.config)
        approvals.keep_embedded(project.root, key, text)
    whole = judge(Config(verdict.config.path, parse(text, verdict.config.path)), project)
    content = Danger(Level.FETCHES, "base", "is made of other files too", dump(whole.config.data))
    outside = any(danger.where.startswith(("base", "provision", "probes")) for danger in verdict.dangers)
    return replace(whole, dangers=(*whole.dangers, content) if outside else whole.dangers)


def _require_allowed(verdict: Verdict, project: Project, beside: Sequence[str] = ()) -> None:
    if allowed(verdict, project):
        return
    tell(verdict, project)
    if not prompts.can_ask():
        raise NotConfirmedError(
            f"{verdict.config.path} is not trusted yet.",
            detail="What it can do to this machine is listed above. --yes does not allow it.",
            hint=f"sysinit-vm trust --approve {verdict.hash}",
        )
    prompts.confirm("Allow this?", yes=False, refusal_hint=f"sysinit-vm trust --approve {verdict.hash}")
    approvals.save(project.root, verdict.items, beside=beside)


def tell(verdict: Verdict, project: Project) -> None:
    """Print on stderr what a config can do to this machine, worst first, and what has changed since it was allowed."""
    if not verdict.dangers:
        more = ", but it takes more from other files" if verdict.incomplete else ""
        say(f"{verdict.config.path} can do nothing to your machine outside the project{more}.")
        return
    before = set(approvals.load(project.root).items)
    now = set(verdict.items)
    say(f"{verdict.config.path} can do this to your machine:")
    for danger in verdict.dangers:
        mark = "+" if before and danger.item not in before else " "
        say(f" {mark} {danger.level.name:<7} {display(danger.where)} {danger.words}")
    if before and before != now:
        say(f"Since you allowed it: {len(now - before)} new (+), {len(before - now)} gone.")
    say(
        "It is allowed."
        if allowed(verdict, project)
        else f"It is not allowed yet: sysinit-vm trust --approve {verdict.hash}"
    )


def record(verdict: Verdict, project: Project) -> dict[str, Any]:
    """Return what `trust --json` prints about ``project``'s config."""
    return {
        "directory": str(project.root),
        "hash": verdict.hash,
        "allowed": allowed(verdict, project),
        "takes_more_files": verdict.incomplete,
        "dangers": [
            {"level": danger.level.name, "where": danger.where, "says": danger.words} for danger in verdict.dangers
        ],
    }


def approve(verdict: Verdict, project: Project, typed: str, embed: Embed) -> str:
    """Allow what ``typed``, the beginning of a hash, stands for, and return the whole hash.

    UsageError if the config does not have that hash now: what is allowed must be what was shown.
    """
    for stage, beside in _stages(verdict, project, embed):
        whole = approvals.digest(stage.items)
        if len(typed) >= _SHORT and whole.startswith(typed):
            approvals.save(project.root, stage.items, beside=beside)
            return whole
    raise UsageError(
        f"{display(typed)} is not the hash of what {verdict.config.path} can do now.",
        detail="Type at least 16 characters of the hash that was shown; the config may have changed since.",
        hint="sysinit-vm trust --show",
    )


def _stages(verdict: Verdict, project: Project, embed: Embed) -> list[tuple[Verdict, list[str]]]:
    """The config by itself and, if that is allowed, with the files that it names in it."""
    first = (verdict, list[str]())
    if not verdict.incomplete or not allowed(verdict, project):
        return [first]
    beside = [approvals.digest(verdict.items)] if verdict.items else []
    return [first, (with_files(verdict, project, embed), beside)]


def _context(committed: Config, project: Project) -> Context:
    param = committed.data.get("param")
    committed_dir = param.get(PROJECT_DIR) if isinstance(param, dict) else None
    user = Path.home().resolve()
    private = (approvals.directory().resolve(), lima_home())
    return Context(project.root, user, lima_home(), private, str(committed_dir or "{{.Param.PROJECT_DIR}}"))
