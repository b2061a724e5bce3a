"""The gate before limactl: a config passes if nothing in it is dangerous, or all that is dangerous was allowed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sysinit_vm import files, user_account
from sysinit_vm.config.document import Config
from sysinit_vm.config.params import VM_NAME
from sysinit_vm.errors import NotConfirmedError, UsageError, VmError, edit
from sysinit_vm.lima import names
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.judged import JudgedConfig, JudgedInstance
from sysinit_vm.projects import default_names, locate, search
from sysinit_vm.terminal import modes, prompts
from sysinit_vm.trust import approvals, former, included, length, refusals, screen, table
from sysinit_vm.trust.context import here, own_vm
from sysinit_vm.trust.danger import Context, Danger, Level
from sysinit_vm.trust.references import Included
from sysinit_vm.trust.rules import display, whole
from sysinit_vm.trust.verdict import SHORT, Verdict, worst_last

_PORTS = "portForwards"


def judge(data: Mapping[str, Any], committed: Config, root: Path, name: str, others: Included | None = None) -> Verdict:
    """Return what ``data``, which is ``committed`` as limactl would be given it, can do to this machine. Only reads.

    ``root`` is the project's directory (absolute), ``name`` its VM's. ``others`` are the files that it includes: those
    that are outside the project, and every byte of what came of them, count too. VmError for what no approval allows.
    """
    effective = replace(committed, data=dict(data), text="")  # whose entries have other numbers
    length.check(effective)
    refusals.check(effective)
    context = here(data, root, own_vm(root, name))
    written = refusals.used_as_written(committed.data)  # in ``data`` without the links on their way
    outside_files = included.outside(others, root) if others else ()
    refusals.check_host_paths(effective, root, context, (*outside_files, *written))
    own = (_with_line(danger, committed) for danger in _dangers(data, context))
    dangers = [*own, *_owner(committed), *_name(committed, root)]
    if others is not None:
        outside = list(included.dangers(others, context))
        dangers += outside
        if outside and not others.missing:
            words = "is made of other files too, every byte of which counts"
            dangers.append(Danger(Level.FETCHES, ("base",), words, others.fingerprint))
    more = others is not None and bool(others.missing)
    before = former.of_project(committed, root, name)
    return Verdict(str(committed.path), root, worst_last(dangers), more, config=committed.path, former=before)


def judge_instance(instance: Instance) -> Verdict:
    """Return what an existing instance can do to this machine, by its config as Lima itself reads and fills it in.

    StateError if Lima cannot read it now: it may be able to later, if a guest wants that.
    """
    if instance.unreadable:
        raise locate.unreadable(instance)
    owner = instance.project_dir
    project = None if owner is None or search.unusable(owner) else owner
    data = {**instance.filled, "mountType": instance.mount_type}
    context = here(data, project or instance.dir, instance.dir)
    own = Config(instance.files.lima_yaml, data)
    refusals.check_instance(own)
    refusals.check_host_paths(own, project, context)
    dangers = _dangers(data, context)
    return Verdict(f"The VM {instance.name}", instance.dir, worst_last(dangers), owner=owner)


def judge_edited(instance: Instance, data: Mapping[str, Any]) -> Verdict:
    """As ``judge_instance``, but if its own config became ``data``; what stays the same is as Lima fills it in."""
    own = instance.config()
    edited = replace(own, data=dict(data))
    length.check(edited)
    refusals.check(edited)
    same = {key for key, value in data.items() if own.data.get(key) == value}
    gone = set(own.data) - set(data)
    stays = {key for key in instance.filled if key in same or key not in {*data, *gone}}
    kept = {key: instance.filled[key] for key in stays}
    return judge_instance(replace(instance, filled={**data, **kept}, param=data.get("param") or {}))


def require(verdict: Verdict, *, ask: bool = True) -> None:
    """Return if ``verdict`` is allowed. On a terminal what is not allowed yet is shown and, with ``ask``, asked.

    Elsewhere, and if the answer is no, NotConfirmedError (exit 5) gives the command that allows it, or the one that
    edits the config if one of its keys is probably a typo.
    """
    if verdict.allowed:
        return
    modes.make_plain()
    screen.tell(verdict)
    typo = verdict.config if verdict.typos else None
    hint = edit(typo) if typo else f"{verdict.command} --approve {verdict.hash}"
    if not (ask and prompts.can_ask()):
        raise NotConfirmedError(
            f"{verdict.title} is not trusted yet.",
            detail="What it can do to this machine is listed above. --yes does not allow it.",
            hint=hint,
        )
    if not screen.fits(verdict) and prompts.agrees("Show all of it in a pager?"):
        screen.page(verdict)
    elif screen.folds(verdict):
        raise NotConfirmedError(
            f"{verdict.title} is not trusted yet.",
            detail="Not all of what it can do was shown, and only that can be allowed.",
            hint=f"{verdict.command}, and y for the pager",
        )
    prompts.confirm("Allow this?", yes=False, refusal_hint=hint)
    _save(verdict)


def passed(name: str, data: Mapping[str, Any], verdict: Verdict, *, ask: bool = True) -> JudgedConfig:
    """Return ``data`` for limactl, for the instance ``name``; as ``require`` if its ``verdict`` is not allowed.

    VmError if limactl would read more files for it: they are to be put in before.
    """
    require(verdict, ask=ask)
    if followed := included.names_files(data):
        raise VmError(
            f"{verdict.title} has changed while it was read.",
            detail=f"It names files that were not judged: {', '.join(followed)}.",
            hint="the same command again",
        )
    return JudgedConfig(name, data)


def passed_instance(instance: Instance, *, ask: bool = True) -> JudgedInstance:
    """Return an existing instance for one start by limactl; as ``require`` if what it holds is not allowed.

    VmError if another account could put another disk into it, or change what ssh and QEMU are told.
    """
    files.require_private(instance.dir)
    judged = JudgedInstance.of(instance)
    require(judge_instance(instance), ask=ask)
    return judged


def remember(name: str, allowed: Verdict, moved: Verdict, also: Iterable[str] = ()) -> None:
    """Allow the instance ``name`` what it is made with: what was ``allowed``, and its ports where we ``moved`` them.

    The items ``also`` too: the project may want another instance later. Nothing else of ``moved`` was allowed: a socket
    may be led elsewhere by now.
    """
    ports = [danger for danger in moved.dangers if _has_port(danger)]
    rest = [danger for danger in allowed.dangers if not _has_port(danger)]
    items = {*approvals.items([*ports, *rest]), *also}
    approvals.save(lima_home() / name, items, project=allowed.owner or allowed.place)


def _has_port(danger: Danger) -> bool:
    """Whether it is a forward of host ports, whose numbers may be moved."""
    value = danger.value
    return danger.where[0] == _PORTS and isinstance(value, dict) and isinstance(value.get("host"), list)


def approve(verdict: Verdict, typed: str) -> str | None:
    """Allow ``verdict`` if ``typed`` is the beginning of its hash, and return the whole hash; None otherwise."""
    whole = approvals.digest(verdict.items)
    if len(typed) < SHORT or not whole.startswith(typed):
        return None
    _save(verdict)
    return whole


def _save(verdict: Verdict) -> None:
    approvals.save(verdict.place, verdict.items, project=verdict.owner)


def wrong_hash(verdict: Verdict, typed: str) -> UsageError:
    """Return the error for a hash that does not stand for what can be allowed now."""
    return UsageError(
        f"{display(typed)} is not the hash of what {verdict.title} can do now.",
        detail="Type the hash as it was shown; the config may have changed since.",
        hint=f"{verdict.command} --show",
    )


def _dangers(data: Mapping[str, Any], context: Context) -> Iterator[Danger]:
    yield from table.CONFIG((), data, context)
    yield from table.proxies(data, context)


def _with_line(danger: Danger, committed: Config) -> Danger:
    """Return ``danger`` with the line of an unknown key, if ``committed`` has the same key at the same place."""
    value: Any = committed.data
    for key in danger.where:
        if not _has(value, key):
            return danger
        value = value[key]
    line = committed.line(danger.key) if danger.level is Level.UNKNOWN and value == danger.value else None
    return replace(danger, words=f"{danger.words} (line {line})", line=line) if line else danger


def _has(value: Any, key: str | int) -> bool:
    return key in value if isinstance(value, Mapping) else isinstance(value, list) and key in range(len(value))


def _name(committed: Config, root: Path) -> Iterator[Danger]:
    """A name that the config chose is a host of the user's ssh, once `ssh-config` or `open` was used."""
    name = committed.vm_name
    if name and names.is_legal(name) and name != default_names.vm_name(root, names.longest_vm_name(lima_home())):
        yield Danger(Level.OPENS, ("param", VM_NAME), f"lets the VM answer your `ssh {whole(name)}`", name)


def _owner(committed: Config) -> Iterator[Danger]:
    if committed.foreign_owner:
        own = user_account.by_sudo() == committed.foreign_owner
        hint = ": you are root by sudo; type the command without it" if own else ""
        words = f"was written by the account {whole(committed.foreign_owner)}, not by you{hint}"
        yield Danger(Level.FETCHES, (str(committed.path.name),), words, committed.foreign_owner)
