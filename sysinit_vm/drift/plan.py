"""How the config that a VM has differs from the one that it would be given now. Pure."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sysinit_vm.config.sizes import in_bytes, whole
from sysinit_vm.escaping import printable

NONE, LIVE, RESTART, RECREATE = "none", "live", "restart", "recreate"
_ORDER = (NONE, LIVE, RESTART, RECREATE)
# Lima uses these only when it makes the disk, or builds the guest on them (2.2.0).
_NEEDS_NEW_DISK = ("images", "arch", "vmType", "os", "user")
_OURS = "Put into the guest by sysinit-vm"  # in each script of templates/guest
_LIMAS_DISK = "100GiB"  # if the config has none (2.2.0)
_LONGEST = 60  # characters of a value that are shown
_LONGEST_NAME = 200  # and of a name


@dataclass(frozen=True)
class Change:
    """One difference: ``what`` names it, ``now`` and ``wanted`` are for users; ``worst`` lists what it ``needs``."""

    what: str
    now: str
    wanted: str
    needs: str

    @property
    def name(self) -> str:
        """``what`` in one short line that no terminal obeys: the name of a param may have line breaks."""
        return printable(self.what, _LONGEST_NAME)

    def data(self) -> dict[str, str]:
        """Return plain data for JSON."""
        return {"what": self.what, "now": self.now, "wished": self.wanted, "needs": self.needs}


def worst(changes: Sequence[Change]) -> str:
    """Return what all of ``changes`` together need: none, live, restart or recreate."""
    return max((change.needs for change in changes), key=_ORDER.index, default=NONE)


def changes(has: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Change]:
    """Return every difference between two configs as limactl is given them."""
    return [change for key in sorted({*has, *wanted}) for change in _changes(key, has.get(key), wanted.get(key))]


def without_recreation(has: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``wanted``, but with the values that it ``has`` for all that only a new VM could change."""
    kept = {change.what for change in changes(has, wanted) if change.needs == RECREATE}
    new = {key: value for key, value in wanted.items() if key not in kept}
    return new | {key: value for key, value in has.items() if key in kept}


def only_live(has: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``has`` with what can change in a running guest: our own scripts and their values."""
    theirs = [entry for entry in has.get("provision") or [] if not _is_ours(entry)]
    ours = [entry for entry in wanted.get("provision") or [] if _is_ours(entry)]
    return {**has, "provision": [*ours, *theirs], "param": wanted.get("param", {})}


def with_scripts(has: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``has`` with the project's own scripts and values as in ``wanted``, and ours as they are."""
    ours = [entry for entry in has.get("provision") or [] if _is_ours(entry)]
    theirs = [entry for entry in wanted.get("provision") or [] if not _is_ours(entry)]
    read = set(re.findall(r"PARAM_(\w+)", "\n".join(str(entry.get("script", "")) for entry in ours)))
    kept = {key: value for key, value in (has.get("param") or {}).items() if key in read}
    new = {key: value for key, value in (wanted.get("param") or {}).items() if key not in read}
    return {**has, "provision": [*ours, *theirs], "param": {**new, **kept}}


def _changes(key: str, has: Any, wanted: Any) -> Iterator[Change]:
    if _normal(key, has) == _normal(key, wanted):
        return
    rule: Callable[[str, Any, Any], Iterator[Change]] = _RULES.get(key, _whole)
    yield from rule(key, has, wanted)


def _whole(key: str, has: Any, wanted: Any) -> Iterator[Change]:
    yield Change(key, display(has), display(wanted), RECREATE if key in _NEEDS_NEW_DISK else RESTART)


def _disk(key: str, has: Any, wanted: Any) -> Iterator[Change]:
    """A disk grows at the next start; Lima refuses to shrink one."""
    before, after = (in_bytes(size or _LIMAS_DISK) for size in (has, wanted))
    shrinks = isinstance(before, int) and isinstance(after, int) and after < before
    yield Change(key, display(has), display(wanted), RECREATE if shrinks else RESTART)


def _values(needs: str) -> Callable[[str, Any, Any], Iterator[Change]]:
    """Compare each key of a mapping by itself."""

    def rule(key: str, has: Any, wanted: Any) -> Iterator[Change]:
        before, after = has or {}, wanted or {}
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                yield Change(f"{key}.{name}", display(before.get(name)), display(after.get(name)), needs)

    return rule


def _entries(identify: Callable[[Mapping[str, Any]], str]) -> Callable[[str, Any, Any], Iterator[Change]]:
    """Compare each entry of a list by itself, known by what ``identify`` returns; a different order is a change too."""

    def rule(key: str, has: Any, wanted: Any) -> Iterator[Change]:
        before = {identify(entry): entry for entry in has or []}
        after = {identify(entry): entry for entry in wanted or []}
        changes = [
            Change(f"{key} {name}", _summary(before.get(name)), _summary(after.get(name)), RESTART)
            for name in dict.fromkeys([*before, *after])
            if before.get(name) != after.get(name)
        ]
        yield from changes or [Change(key, f"{len(has or [])} entries", "the same in another order", RESTART)]

    return rule


def _scripts(key: str, has: Any, wanted: Any) -> Iterator[Change]:
    """Our own scripts can run again in a running guest; the project's own run at the next boot."""
    before, after = has or [], wanted or []
    ours = [[entry for entry in entries if _is_ours(entry)] for entries in (before, after)]
    theirs = [[entry for entry in entries if not _is_ours(entry)] for entries in (before, after)]
    if ours[0] != ours[1]:
        yield Change("what sysinit-vm puts into the guest", "as put there by another version", "this version's", LIVE)
    for number in range(max(map(len, theirs))):
        old, new = (entries[number] if number < len(entries) else None for entries in theirs)
        if old != new:
            yield Change(f"{key}[{number}]", _script(old), _script(new), RESTART)


def _is_ours(entry: Any) -> bool:
    return isinstance(entry, Mapping) and _OURS in str(entry.get("script", ""))


def _script(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return "-" if entry is None else display(entry)
    lines = [line for line in str(entry.get("script", "")).splitlines() if line.strip() and not line.startswith("#!")]
    return f"{entry.get('mode', 'system')}, {len(lines)} lines" + (f": {display(lines[-1])}" if lines else "")


def _mount(entry: Mapping[str, Any]) -> str:
    return str(entry.get("mountPoint") or entry.get("location"))


def _forward(entry: Mapping[str, Any]) -> str:
    return str(entry.get("guestPort") or entry.get("guestPortRange") or entry.get("guestSocket") or "rule")


def _summary(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "-"
    if "location" in entry:
        return f"{display(entry['location'])}, {'writable' if entry.get('writable') else 'read-only'}"
    if "hostPort" in entry:
        return f"host port {entry['hostPort']}"
    return display(entry)


_RULES: Mapping[str, Callable[[str, Any, Any], Iterator[Change]]] = {
    "disk": _disk,
    "env": _values(RESTART),
    "param": _values(LIVE),
    "mounts": _entries(_mount),
    "portForwards": _entries(_forward),
    "provision": _scripts,
}


def _normal(key: str, value: Any) -> Any:
    """Return one value for all that mean the same: sizes in bytes, numbers without quotes, None for empty."""
    if key in {"memory", "disk"}:
        return in_bytes(value or _LIMAS_DISK if key == "disk" else value)
    if key == "cpus":
        number = whole(value)
        return value if number is None else number
    return value if value not in ({}, [], "") else None


def display(value: Any) -> str:
    """Return a value of a config as one short line that no terminal obeys."""
    text = "-" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return printable(text, _LONGEST)
