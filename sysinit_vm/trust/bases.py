"""The other files that a config includes: found by us in every local one, before limactl follows any."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError, edit
from sysinit_vm.trust.danger import Context, Danger, Level
from sysinit_vm.trust.rules import display

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_FETCHED = ("http", "https", "github")
_DEEPEST = 8


@dataclass(frozen=True)
class Reference:
    """``where`` is the key; ``locator`` as written; ``path`` the local file (absolute), None if it is not local."""

    where: str
    locator: str
    path: Path | None


def references(committed: Config) -> list[Reference]:
    """Return every file that ``committed`` and its local bases name; VmError for one that cannot be followed."""
    return list(_references(committed.data, committed.path, 0))


def dangers(references: Sequence[Reference], context: Context) -> Iterator[Danger]:
    """Yield what is fetched, and what is read from outside the project."""
    for reference in references:
        if reference.path is None:
            words = f"takes more from {display(reference.locator)}"
            yield Danger(Level.FETCHES, reference.where, words, reference.locator)
        elif not reference.path.resolve().is_relative_to(context.root):
            words = f"takes more from {display(str(reference.path))}, outside the project"
            yield Danger(Level.READS, reference.where, words, reference.locator)


def fingerprint(committed: Config) -> str:
    """Return a hash of ``committed`` and of every local file that it includes; VmError if one cannot be read."""
    parts = [document.dump(committed.data)]
    for reference in references(committed):
        if reference.path is not None:
            try:
                parts.append(f"{reference.path}\n{reference.path.read_text(encoding='utf-8')}")
            except (OSError, UnicodeDecodeError) as error:
                raise _unusable(committed.path, f"It includes {reference.path}: {error}.") from error
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()


def _references(data: Mapping[str, Any], path: Path, depth: int) -> Iterator[Reference]:
    if depth > _DEEPEST:
        raise _unusable(path, f"Its bases are nested more than {_DEEPEST} deep.")
    for where, locator in _locators(data):
        local = _local(locator, path)
        yield Reference(where, locator, local)
        if local is not None and where.startswith("base"):
            yield from _references(document.load(local).data, local, depth + 1)


def _locators(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    base = data.get("base") or []
    for number, entry in enumerate(base if isinstance(base, list) else [base]):
        yield f"base[{number}]", _url(entry)
    for key in ("provision", "probes"):
        entries = data.get(key)
        for number, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, Mapping) and entry.get("file"):
                yield f"{key}[{number}].file", _url(entry["file"])


def _url(entry: Any) -> str:
    return str(entry.get("url") or "") if isinstance(entry, Mapping) else str(entry)


def _local(locator: str, beside: Path) -> Path | None:
    """Lima runs limactl-url-SCHEME from PATH for a scheme that it does not know (2.2.0): we never let it."""
    scheme = _SCHEME.match(locator)
    if scheme is None:
        path = Path(locator).expanduser()
        return path if path.is_absolute() else beside.parent / path
    if scheme[1] == "template" or scheme[1] in _FETCHED:
        return None
    raise _unusable(
        beside, f"It takes more from {display(locator)}, for which Lima would run the program limactl-url-{scheme[1]}."
    )


def _unusable(path: Path, why: str) -> VmError:
    return VmError(f"Cannot use {path}.", detail=why, hint=edit(path))
