"""Who allowed what: one file for each project and instance, in the user's data directory, where no guest can write."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sysinit_vm import files, user_directories
from sysinit_vm.trust.danger import Danger

_LONGEST = 16 * 2**20  # bytes of one file
_FORMAT = 2  # of the files; the first one covered less than what is judged now


@dataclass(frozen=True)
class Approval:
    """``items`` are the dangers that were allowed; ``former`` is how many an earlier version allowed."""

    items: frozenset[str] = frozenset()
    former: int = 0

    def __or__(self, other: "Approval") -> "Approval":
        """Return what either of them allows."""
        return Approval(self.items | other.items, max(self.former, other.former))

    def covers(self, items: Iterable[str]) -> bool:
        """Whether all of ``items`` was allowed: what can do less than that needs no new approval."""
        return self.items.issuperset(items)


def directory() -> Path:
    """Return the directory of the approval files (absolute); VmError if another account could put one there."""
    return files.require_private(user_directories.data() / "trust")


def digest(items: Iterable[str]) -> str:
    """Return the SHA-256 hash (hex) of the whole list ``items``, whatever its order."""
    return hashlib.sha256("\n".join(sorted(set(items))).encode()).hexdigest()


def items(dangers: Sequence[Danger]) -> list[str]:
    """Return what an approval of ``dangers`` covers."""
    return sorted({danger.item for danger in dangers})


def load(place: Path) -> Approval:
    """Return what was allowed for ``place`` (absolute: a project's or an instance's directory).

    Nothing if its file is missing, damaged or another account's.
    """
    record = _record(_file(place))
    if record is None or record.get("directory") != str(place):
        return Approval()
    allowed = record.get("items")
    if record.get("format") != _FORMAT or not isinstance(allowed, list):
        return Approval(former=len(allowed) if "hashes" in record and isinstance(allowed, list) else 0)
    return Approval(frozenset(map(str, allowed)))


def project(instance: Path) -> Path | None:
    """Return the project (absolute) for which something was allowed to an instance, by its directory; None if unknown.

    Each instance that we made has such a record.
    """
    record = _record(_file(instance)) or {}
    owner = record.get("project")
    return Path(owner) if record.get("directory") == str(instance) and isinstance(owner, str) else None


def save(place: Path, allowed: Iterable[str], *, project: Path | None = None) -> None:
    """Record that ``allowed`` is allowed for ``place``, and nothing else; ``project`` is an instance's.

    VmError if the file cannot be written; the previous approval then stays.
    """
    record = {
        "format": _FORMAT,
        "directory": str(place),
        "project": str(project or place),
        "items": sorted(set(allowed)),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    files.write(_file(place), json.dumps(record, indent=2) + "\n", mode=0o600)


def taken(project: Path) -> dict[str, str]:
    """Return the files from outside ``project`` (absolute) that its config includes, by what they were read from."""
    record = _record(_file(project, "-taken")) or {}
    texts = record.get("texts")
    return {str(key): str(value) for key, value in texts.items()} if isinstance(texts, dict) else {}


def whole(project: Path, key: str) -> str | None:
    """Return the config of ``project`` with every base put in, as it was put together for ``key``; None otherwise."""
    record = _record(_file(project, "-taken")) or {}
    return str(record["whole"]) if record.get("key") == key and record.get("whole") else None


def keep(project: Path, texts: Mapping[str, str], key: str = "", whole: str = "") -> None:
    """Keep what was taken, and what it was put together to. All is judged again each time: this allows nothing."""
    record = {"texts": dict(texts), "key": key, "whole": whole}
    files.write(_file(project, "-taken"), json.dumps(record), mode=0o600)


def revoke(project: Path) -> bool:
    """Forget what was allowed for ``project`` (absolute) and its instances; return whether anything was.

    A project is meant however its path is spelled.

    VmError if a file cannot be removed.
    """
    with suppress(OSError):
        _file(project, "-taken").unlink()
    places = [path for path in directory().glob("*.json") if _belongs(_record(path), project)]
    return bool([_remove(path) for path in {*places, _file(project)} if path.exists()])


def forget(place: Path) -> None:
    """Forget what was allowed for the instance directory ``place`` (absolute), because it is gone."""
    with suppress(OSError):
        _file(place).unlink()


def _belongs(record: Mapping[str, Any] | None, project: Path) -> bool:
    if record is None:
        return False
    owner = Path(str(record.get("project")))
    with suppress(OSError):
        return owner == project or owner.samefile(project)
    return False


def _remove(path: Path) -> Path:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise files.denied("remove", path, error) from error
    return path


def _record(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(files.read(path, _LONGEST, own=True))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _file(place: Path, suffix: str = "") -> Path:
    return directory() / f"{hashlib.sha256(bytes(place)).hexdigest()[:32]}{suffix}.json"
