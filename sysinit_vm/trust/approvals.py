"""Who allowed what: one file for each project directory, in the user's data directory, where no guest can write."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from sysinit_vm import files
from sysinit_vm.trust.danger import Danger


@dataclass(frozen=True)
class Approval:
    """``hashes`` of what was allowed; ``items`` is the newest of it in full, to show what has changed since."""

    hashes: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


def directory() -> Path:
    """Return the directory of the approval files (absolute)."""
    return platformdirs.user_data_path("sysinit-vm") / "trust"


def digest(items: Sequence[str]) -> str:
    """Return the SHA-256 hash (hex) of ``items``; the order of the config's keys and entries does not matter."""
    return hashlib.sha256("\n".join(sorted(items)).encode()).hexdigest()


def items(dangers: Sequence[Danger]) -> list[str]:
    """Return what an approval of ``dangers`` covers."""
    return sorted({danger.item for danger in dangers})


def load(root: Path) -> Approval:
    """Return what was allowed for the project at ``root`` (absolute); nothing if its file is missing or damaged."""
    try:
        record = json.loads(_file(root).read_text(encoding="utf-8"))
        if record["directory"] != str(root):
            return Approval()
        return Approval(tuple(map(str, record["hashes"])), tuple(map(str, record["items"])))
    except (OSError, ValueError, KeyError, TypeError):
        return Approval()


def save(root: Path, allowed: Sequence[str], *, beside: Sequence[str] = ()) -> None:
    """Record that ``allowed`` is allowed for ``root``, and nothing else except the hashes ``beside``.

    VmError if the file cannot be written; the previous approval then stays.
    """
    record = {
        "directory": str(root),
        "hashes": [*beside, digest(allowed)],
        "items": list(allowed),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    files.write(_file(root), json.dumps(record, indent=2) + "\n", mode=0o600)


def embedded(root: Path, key: str) -> str | None:
    """Return the config of ``root`` with every file that it names in it, as fetched for ``key``; None if it was not."""
    try:
        record = json.loads(_file(root, "-embedded").read_text(encoding="utf-8"))
        return str(record["text"]) if record["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_embedded(root: Path, key: str, text: str) -> None:
    """Keep what was fetched for ``key``. It is judged again each time, so keeping it allows nothing."""
    files.write(_file(root, "-embedded"), json.dumps({"key": key, "text": text}), mode=0o600)


def revoke(root: Path) -> bool:
    """Forget what was allowed for ``root``; return whether anything was. VmError if the file cannot be removed."""
    with suppress(OSError):
        _file(root, "-embedded").unlink()
    path = _file(root)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise files.denied("remove", path, error) from error
    return True


def _file(root: Path, suffix: str = "") -> Path:
    return directory() / f"{hashlib.sha256(bytes(root)).hexdigest()[:32]}{suffix}.json"
