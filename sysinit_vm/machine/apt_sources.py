"""Where the packages of the guest come from: the host's own Debian mirror, read from its apt sources."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sysinit_vm.errors import UsageError

ALIASES = frozenset({"oldoldstable", "oldstable", "stable", "testing", "unstable", "sid"})
SECURITY_ENDINGS = ("-security", "/updates")


@dataclass(frozen=True)
class Source:
    """One archive in apt's sources: where it is, what of it is used, and whose signature it carries."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""


def apt_lines(suite: str, mirror: str | None, *, etc: Path = Path("/etc")) -> list[str]:
    """Return the apt lines for ``suite``, or none at all to leave the choice to mmdebstrap.

    ``mirror`` is a URI (``http…``) of a Debian archive, or whole apt lines (``deb …``), one a line. Without
    one it is what a Debian host (``etc``) itself uses. Security updates come from the host's archive for them.
    Raises UsageError for a mirror of another form.
    """
    if mirror and mirror.startswith("deb "):
        return [line.strip() for line in mirror.splitlines() if line.strip()]
    if mirror and not _is_web(mirror):
        raise UsageError(f"{mirror!r} is no mirror.", detail="It has to begin with http://, https:// or deb.")
    sources = _of_debian_host(etc)
    names = ALIASES | {suite, _os_release(etc).get("VERSION_CODENAME", suite)}
    main = mirror or _best(sources, names)
    if not main:
        return []
    lines = [f"deb {main} {suite} main", f"deb {main} {suite}-updates main"]
    security = _best(sources, {name + end for name in names for end in SECURITY_ENDINGS})
    return lines + ([f"deb {security} {suite}-security main"] if security else [])


def one_line(text: str) -> list[Source]:
    """Return the ``deb`` archives of a ``.list`` file's text; what is no such line is left out."""
    return list(filter(None, map(_one, text.splitlines())))


def _one(line: str) -> Source | None:
    words = line.partition("#")[0].split()
    if not words or words[0] != "deb":
        return None
    options, rest = _options(words[1:])
    if len(rest) < 2:  # noqa: PLR2004  # a URI and a suite
        return None
    return Source(rest[0], (rest[1],), tuple(rest[2:]), options.get("signed-by", ""))


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Split ``[ arch=… signed-by=… ] URI SUITE …`` into the options and the rest."""
    if not words or not words[0].startswith("["):
        return {}, words
    end = next((at for at, word in enumerate(words) if word.endswith("]")), len(words) - 1)
    pairs = (word.strip("[]").partition("=") for word in words[: end + 1])
    return {name.lower(): value for name, _, value in pairs}, words[end + 1 :]


def deb822(text: str) -> list[Source]:
    """Return the enabled ``deb`` archives of a ``.sources`` file's text, one for each URI."""
    return [
        Source(uri, tuple(fields.get("suites", "").split()), tuple(fields.get("components", "").split()), signed)
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


def _of_debian_host(etc: Path) -> list[Source]:
    if _os_release(etc).get("ID") != "debian":
        return []
    folder = etc / "apt" / "sources.list.d"
    lists = [etc / "apt" / "sources.list", *sorted(folder.glob("*.list"))]
    found = [source for path in lists for source in one_line(_text(path))]
    return found + [source for path in sorted(folder.glob("*.sources")) for source in deb822(_text(path))]


def _best(sources: list[Source], suites: set[str] | frozenset[str]) -> str | None:
    """Return the URI that most looks like Debian's own archive, the first of equals.

    Other vendors too have suites and components by these names, so the signature and the shape decide.
    """
    able = [s for s in sources if _is_web(s.uri) and "main" in s.components and suites & set(s.suites)]
    updated = {s.uri for s in sources if any(suite.endswith("-updates") for suite in s.suites)}
    best = max(able, key=lambda s: _likeness(s, updated), default=None)
    return best.uri.rstrip("/") if best else None


def _likeness(source: Source, updated: set[str]) -> int:
    name = urlsplit(source.uri).path.rstrip("/").rpartition("/")[2]
    signed = "debian-archive" in source.signed_by
    return 4 * signed + 2 * (source.uri in updated) + (name in {"debian", "debian-security"})


def _is_web(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))


def _os_release(etc: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in _text(etc / "os-release").splitlines())
    return {name: value.strip("\"'") for name, _, value in pairs}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
