"""What differs between the config that a VM has and the one that it would be given now. Pure."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sysinit_vm.config.sizes import in_bytes

NONE, LIVE, RESTART, RECREATE = "none", "live", "restart", "recreate"
_ORDER = (NONE, LIVE, RESTART, RECREATE)
# Lima takes these from the config only while the disk does not exist yet, or builds the guest on them (2.2.0).
_MADE_WITH = ("images", "arch", "vmType", "os", "user")
_OURS = "Put into the guest by sysinit-vm"  # in each script of templates/guest
_SHOWN = 60


@dataclass(frozen=True)
class Change:
    """One difference: ``what`` names it, ``now`` and ``wished`` are for people; see ``worst`` for ``needs``."""

    what: str
    now: str
    wished: str
    needs: str

    def data(self) -> dict[str, str]:
        """Return plain data for JSON."""
        return {"what": self.what, "now": self.now, "wished": self.wished, "needs": self.needs}


def worst(changes: Sequence[Change]) -> str:
    """Return what the whole of ``changes`` needs: none, live, restart or recreate."""
    return max((each.needs for each in changes), key=_ORDER.index, default=NONE)


def changes(has: Mapping[str, Any], wished: Mapping[str, Any]) -> list[Change]:
    """Return every difference between two configs as limactl is given them."""
    return [each for key in sorted({*has, *wished}) for each in _key(key, has.get(key), wished.get(key))]


def without_recreation(has: Mapping[str, Any], wished: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``wished``, but with what ``has`` wherever only making the VM anew could change it."""
    kept = {each.what for each in changes(has, wished) if each.needs == RECREATE}
    new = {key: value for key, value in wished.items() if key not in kept}
    return new | {key: value for key, value in has.items() if key in kept}


def only_live(has: Mapping[str, Any], wished: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``has`` with what a running guest can take up: our own scripts and their values."""
    theirs = [each for each in has.get("provision") or [] if not _is_ours(each)]
    ours = [each for each in wished.get("provision") or [] if _is_ours(each)]
    return {**has, "provision": [*ours, *theirs], "param": wished.get("param", {})}


def with_scripts(has: Mapping[str, Any], wished: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``has`` with the project's own scripts and values as they are wished, and ours as they are."""
    ours = [each for each in has.get("provision") or [] if _is_ours(each)]
    theirs = [each for each in wished.get("provision") or [] if not _is_ours(each)]
    read = set(re.findall(r"PARAM_(\w+)", "\n".join(str(each.get("script", "")) for each in ours)))
    kept = {key: value for key, value in (has.get("param") or {}).items() if key in read}
    new = {key: value for key, value in (wished.get("param") or {}).items() if key not in read}
    return {**has, "provision": [*ours, *theirs], "param": {**new, **kept}}


def _key(key: str, has: Any, wished: Any) -> Iterator[Change]:
    if _plain(key, has) == _plain(key, wished):
        return
    rule: Callable[[str, Any, Any], Iterator[Change]] = _RULES.get(key, _whole)
    yield from rule(key, has, wished)


def _whole(key: str, has: Any, wished: Any) -> Iterator[Change]:
    yield Change(key, shown(has), shown(wished), RECREATE if key in _MADE_WITH else RESTART)


def _disk(key: str, has: Any, wished: Any) -> Iterator[Change]:
    """A disk grows at the next start; Lima refuses to shrink one."""
    before, after = in_bytes(has), in_bytes(wished)
    shrinks = isinstance(before, int) and isinstance(after, int) and after < before
    yield Change(key, shown(has), shown(wished), RECREATE if shrinks else RESTART)


def _values(needs: str) -> Callable[[str, Any, Any], Iterator[Change]]:
    """Each key of a mapping on its own."""

    def rule(key: str, has: Any, wished: Any) -> Iterator[Change]:
        before, after = has or {}, wished or {}
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                yield Change(f"{key}.{name}", shown(before.get(name)), shown(after.get(name)), needs)

    return rule


def _entries(named: Callable[[Mapping[str, Any]], str]) -> Callable[[str, Any, Any], Iterator[Change]]:
    """Each entry of a list on its own, known by what ``named`` says; a mere change of order is one, too."""

    def rule(key: str, has: Any, wished: Any) -> Iterator[Change]:
        before = {named(each): each for each in has or []}
        after = {named(each): each for each in wished or []}
        found = [
            Change(f"{key} {name}", _rest(before.get(name)), _rest(after.get(name)), RESTART)
            for name in dict.fromkeys([*before, *after])
            if before.get(name) != after.get(name)
        ]
        yield from found or [Change(key, f"{len(has or [])} entries", "the same in another order", RESTART)]

    return rule


def _scripts(key: str, has: Any, wished: Any) -> Iterator[Change]:
    """Our own scripts can run again in a running guest; the project's own run at the next boot."""
    before, after = has or [], wished or []
    ours = [[each for each in scripts if _is_ours(each)] for scripts in (before, after)]
    theirs = [[each for each in scripts if not _is_ours(each)] for scripts in (before, after)]
    if ours[0] != ours[1]:
        yield Change("what sysinit-vm puts into the guest", "as made by another version", "this version's", LIVE)
    for number in range(max(map(len, theirs))):
        pair = [scripts[number] if number < len(scripts) else None for scripts in theirs]
        if pair[0] != pair[1]:
            yield Change(f"{key}[{number}]", _script(pair[0]), _script(pair[1]), RESTART)


def _is_ours(entry: Any) -> bool:
    return isinstance(entry, Mapping) and _OURS in str(entry.get("script", ""))


def _script(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return "-" if entry is None else shown(entry)
    lines = [line for line in str(entry.get("script", "")).splitlines() if line.strip() and not line.startswith("#!")]
    return f"{entry.get('mode', 'system')}, {len(lines)} lines" + (f": {shown(lines[-1])}" if lines else "")


def _mount(entry: Mapping[str, Any]) -> str:
    return str(entry.get("mountPoint") or entry.get("location"))


def _forward(entry: Mapping[str, Any]) -> str:
    return str(entry.get("guestPort") or entry.get("guestPortRange") or entry.get("guestSocket") or "rule")


def _rest(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "-"
    if "location" in entry:
        return f"{shown(entry['location'])}, {'writable' if entry.get('writable') else 'read-only'}"
    if "hostPort" in entry:
        return f"host port {entry['hostPort']}"
    return shown(entry)


_RULES: Mapping[str, Callable[[str, Any, Any], Iterator[Change]]] = {
    "disk": _disk,
    "env": _values(RESTART),
    "param": _values(LIVE),
    "mounts": _entries(_mount),
    "portForwards": _entries(_forward),
    "provision": _scripts,
}


def _plain(key: str, value: Any) -> Any:
    """What means the same is the same: sizes in bytes, nothing and empty."""
    if key in {"memory", "disk"}:
        return in_bytes(value)
    return value if value not in ({}, [], "") else None


def shown(value: Any) -> str:
    """Return a value for people: one line, nothing that a terminal would obey, not too long."""
    text = "-" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    plain = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"
