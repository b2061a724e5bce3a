"""Where the packages of the guest come from: the host's own Debian mirror, read from its apt sources."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sysinit_vm.files import read_or_empty
from sysinit_vm.machine import apt_login

ALIASES = frozenset({"oldoldstable", "oldstable", "stable", "testing", "unstable", "sid"})
SECURITY_ENDINGS = ("-security", "/updates")


@dataclass(frozen=True)
class AptArchive:
    """One archive in apt's sources: its URI, the suites and components in use, and the key that signs it."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""


@dataclass(frozen=True)
class Sources:
    """What a build tells apt: its ``lines``, without logins; none of them leaves the choice to mmdebstrap.

    ``logins`` are what was in the lines' URIs, as the text of an auth.conf (see ``apt_login``); never show them.
    """

    lines: tuple[str, ...]
    logins: str = field(default="", repr=False)


def read(suite: str, mirror: str, *, etc: Path = Path("/etc")) -> Sources:
    """Return where ``suite`` comes from.

    ``mirror`` is the setting's value: a URI (``http…``) of a Debian archive, or whole apt lines (``deb …``), one per
    line. If it is empty, the mirror that a Debian host (``etc``) itself uses is taken, and nothing else of its sources:
    an archive that the host trusts without a signature is not trusted here. Security updates come from the host's
    security archive. VmError if a login in a URI cannot be used.
    """
    return Sources(*apt_login.extract(_lines(suite, mirror, etc)))


def _lines(suite: str, mirror: str, etc: Path) -> list[str]:
    if mirror.startswith("deb"):
        return [line.strip() for line in mirror.splitlines() if line.strip()]
    archives = _host_archives(etc)
    names = ALIASES | {suite, _os_release(etc).get("VERSION_CODENAME", suite)}
    main = mirror or _best(archives, names)
    if not main:
        return []
    lines = [f"deb {main} {suite} main", f"deb {main} {suite}-updates main"]
    security = _best(archives, {name + end for name in names for end in SECURITY_ENDINGS})
    return lines + ([f"deb {security} {suite}-security main"] if security else [])


def one_line(text: str) -> list[AptArchive]:
    """Return the ``deb`` archives in the text of a ``.list`` file (apt's one-line style); other lines are skipped."""
    return list(filter(None, map(_archive, text.splitlines())))


def _archive(line: str) -> AptArchive | None:
    words = line.partition("#")[0].split()
    if not words or words[0] != "deb":
        return None
    options, rest = _options(words[1:])
    if len(rest) < 2:  # noqa: PLR2004  # a URI and a suite
        return None
    return AptArchive(rest[0], (rest[1],), tuple(rest[2:]), options.get("signed-by", ""))


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Split ``[ arch=… signed-by=… ] URI SUITE …`` into the options and the rest."""
    if not words or not words[0].startswith("["):
        return {}, words
    end = next((at for at, word in enumerate(words) if word.endswith("]")), len(words) - 1)
    pairs = (word.strip("[]").partition("=") for word in words[: end + 1])
    return {name.lower(): value for name, _, value in pairs}, words[end + 1 :]


def deb822(text: str) -> list[AptArchive]:
    """Return the enabled ``deb`` archives in the text of a ``.sources`` file (deb822 style), one for each URI."""
    return [
        AptArchive(uri, tuple(fields.get("suites", "").split()), tuple(fields.get("components", "").split()), signed)
        for fields in _stanzas(text)
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in {"no", "false"}
        for signed in [fields.get("signed-by", "")]
        for uri in fields.get("uris", "").split()
    ]


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, name = {}, ""
        elif line[0].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()


def _host_archives(etc: Path) -> list[AptArchive]:
    if _os_release(etc).get("ID") != "debian":
        return []
    folder = etc / "apt" / "sources.list.d"
    lists = [etc / "apt" / "sources.list", *sorted(folder.glob("*.list"))]
    archives = [archive for path in lists for archive in one_line(read_or_empty(path))]
    stanzas = map(read_or_empty, sorted(folder.glob("*.sources")))
    return archives + [archive for text in stanzas for archive in deb822(text)]


def _best(archives: list[AptArchive], suites: set[str] | frozenset[str]) -> str | None:
    """Return the URI that looks most like Debian's own archive, the first of equals.

    Other vendors use the same suite and component names, so the signature and the form of the URI decide.
    """
    usable = [a for a in archives if _is_web(a.uri) and "main" in a.components and suites & set(a.suites)]
    updated = {a.uri for a in archives if any(suite.endswith("-updates") for suite in a.suites)}
    best = max(usable, key=lambda archive: _likeness(archive, updated), default=None)
    return best.uri.rstrip("/") if best else None


def _likeness(archive: AptArchive, updated: set[str]) -> int:
    name = urlsplit(archive.uri).path.rstrip("/").rpartition("/")[2]
    signed = "debian-archive" in archive.signed_by
    return 4 * signed + 2 * (archive.uri in updated) + (name in {"debian", "debian-security"})


def _is_web(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))


def _os_release(etc: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in read_or_empty(etc / "os-release").splitlines())
    return {name: value.strip("\"'") for name, _, value in pairs}
