"""Who allowed what: one file for each project directory, in the user's data directory, where no guest writes."""

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
    """``hashes`` of what was allowed; ``items`` is the newest of them in full, to show what changed since."""

    hashes: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    when: str = ""


def directory() -> Path:
    """Return where approvals lie (absolute)."""
    return platformdirs.user_data_path("sysinit-vm") / "trust"


def digest(items: Sequence[str]) -> str:
    """Return the hash of what is to be allowed; the order of the config's keys and entries does not matter."""
    return hashlib.sha256("\n".join(sorted(items)).encode()).hexdigest()


def items(dangers: Sequence[Danger]) -> list[str]:
    """Return what an approval of ``dangers`` covers."""
    return sorted({each.item for each in dangers})


def load(root: Path) -> Approval:
    """Return what was allowed for the project at ``root`` (absolute); nothing where its file is missing or damaged."""
    try:
        kept = json.loads(_file(root).read_text(encoding="utf-8"))
        if kept["directory"] != str(root):
            return Approval()
        hashes, allowed = [str(each) for each in kept["hashes"]], [str(each) for each in kept["items"]]
        return Approval(tuple(hashes), tuple(allowed), str(kept["when"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Approval()


def save(root: Path, allowed: Sequence[str], *, beside: Sequence[str] = ()) -> None:
    """Keep that ``allowed`` is allowed for ``root``, and nothing else but the hashes ``beside``.

    VmError where it cannot be written; the former approval then stays.
    """
    kept = {
        "directory": str(root),
        "hashes": [*beside, digest(allowed)],
        "items": list(allowed),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    files.write(_file(root), json.dumps(kept, indent=2) + "\n", mode=0o600)


def embedded(root: Path, key: str) -> str | None:
    """Return the config of ``root`` with all that it names in it, as it was fetched for ``key``; None if it was not."""
    try:
        kept = json.loads(_file(root, "-embedded").read_text(encoding="utf-8"))
        return str(kept["text"]) if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_embedded(root: Path, key: str, text: str) -> None:
    """Keep what was fetched for ``key``. It is judged anew each time, so keeping it allows nothing."""
    files.write(_file(root, "-embedded"), json.dumps({"key": key, "text": text}), mode=0o600)


def revoke(root: Path) -> bool:
    """Forget what was allowed for ``root``; return whether there was anything. VmError where the system refuses."""
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


def _file(root: Path, kind: str = "") -> Path:
    return directory() / f"{hashlib.sha256(bytes(root)).hexdigest()[:32]}{kind}.json"
