"""Which names Lima accepts for an instance, and the nearest legal one (Lima 2.2.0, pkg/identifiers and dirnames.go)."""

import hashlib
import re
import sys
import unicodedata
from pathlib import Path

from sysinit_vm.errors import UsageError

LONGEST = 76
_LEGAL = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*\Z")
_SHORTEST = 12  # a letter, a hash and -dev
# What to type with a valid name, by the source of the invalid one.
_HINTS = {"--name": "sysinit-vm status --name {}", "VM_NAME": "export VM_NAME={}"}


def longest_vm_name(lima_home: Path) -> int:
    """Return how long an instance's name may be below ``lima_home`` (absolute, links resolved).

    ``LIMA_HOME/NAME/ssh.sock.<16>`` must stay below the system's limit for socket paths. UsageError if LIMA_HOME
    leaves no room for a name.
    """
    limit = 80 if sys.platform.startswith("linux") else 76
    longest = min(LONGEST, limit - len(bytes(lima_home)))
    if longest < _SHORTEST:
        raise UsageError(
            f"LIMA_HOME is too long: {lima_home}.",
            detail=f"At most {limit - _SHORTEST} characters leave room for the path of a VM's ssh socket below it.",
            hint="export LIMA_HOME=/a/shorter/path",
        )
    return longest


def is_legal(name: str) -> bool:
    """Whether Lima accepts ``name`` for an instance, whatever its length."""
    return bool(_LEGAL.match(name)) and not name.endswith((".yml", ".yaml"))


def checked_vm_name(name: str, *, source: str, longest: int = LONGEST, hint: str = "") -> str:
    """Return ``name`` if Lima accepts it; UsageError says what is wrong with it.

    ``source`` is where it comes from: an option, a variable, or a question; ``hint`` is what to
    type instead of an invalid name.
    """
    hint = hint or _HINTS.get(source, "{}").format(legal(name, longest))
    if not is_legal(name):
        raise UsageError(
            f"{source} is not a name for a VM: {name!r}.",
            detail="Letters and digits, with single . _ or - between them; not ending in .yaml or .yml.",
            hint=hint,
        )
    if len(name) > longest:
        raise UsageError(
            f"{source} is too long for a VM: {len(name)} characters.",
            detail=f"At most {longest} fit, because the path of the ssh socket below LIMA_HOME is limited.",
            hint=hint,
        )
    return name


def legal(name: str, longest: int = LONGEST) -> str:
    """Return the name nearest to ``name`` that Lima accepts."""
    return shorten(re.sub(r"\.(?=ya?ml\Z)", "-", fold(name)), name, longest)


def fold(text: str) -> str:
    """Return ``text`` as a legal name of any length: accents dropped, each other run of characters one dash."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    dashed = re.sub(r"[^A-Za-z0-9._]+", "-", folded)
    single = re.sub(r"[._-]*([._-])", r"\1", dashed).strip("._-")
    return single or "project-" + _digest(text)


def shorten(legal: str, whole: str, longest: int) -> str:
    """Return ``legal`` cut to ``longest`` characters: its beginning, and a hash of ``whole``."""
    if len(legal) <= longest:
        return legal
    tail = "-" + _digest(whole)
    return legal[: max(1, longest - len(tail))].rstrip("._-") + tail


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:6]
