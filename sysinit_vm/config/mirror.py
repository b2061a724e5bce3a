"""The setting `mirror`: a Debian mirror's URI, or lines of apt (``deb …``), and how they are shown without a login.

Also `github_mirror`: what stands in for https://github.com where upstream's archives are downloaded.
"""

import contextlib
import re
from urllib.parse import urlsplit

from sysinit_vm.errors import UsageError

_WORD, _GAP = r"[!-~]+", r"[ \t]+"
_URI = re.compile(rf"https?://{_WORD}")
_SUITE = rf"(?:[!-~]*/|{_WORD}(?:{_GAP}{_WORD})+)"  # a directory, or a suite with its components
_LINE = re.compile(rf"deb{_GAP}(?:\[(?P<options>[^\[\]]*)\]{_GAP})?[a-z]{_WORD}{_GAP}{_SUITE}[ \t]*")
_HARMLESS = re.compile(r"check-valid-until=(?:yes|no)")  # snapshots of an archive need it
_LOGIN = re.compile(r"(?<=://)[^/\s]*@")


def parse(value: object, source: str) -> str:
    """Return the setting's text: empty, one URI (http, https), or lines of apt.

    UsageError names ``source`` if it is something else, or if a line has an option of apt's: such an option could turn
    off the check of signatures, which root's packages in the guest need. The error shows no login.
    """
    text = str(value).strip()
    if not text or _URI.fullmatch(text):
        return text
    for line in filter(str.strip, text.split("\n")):
        _check(line, source)
    return text


def _check(line: str, source: str) -> None:
    match = _LINE.fullmatch(line)
    if not match:
        detail = "It is a URI (http://… or https://…), or lines of apt (deb URI SUITE COMPONENT …), each on its own."
        raise UsageError(f"{source} is not a mirror: {without_login(line)}.", detail=detail)
    for option in (match["options"] or "").split():
        if not _HARMLESS.fullmatch(option):
            detail = (
                "Packages of the guest image run as root, so their signature is always verified; only check-valid-until"
                " can be set. For an archive with another key, root copies that key to /etc/apt/trusted.gpg.d."
            )
            raise UsageError(f"{source} cannot have the apt option {option}.", detail=detail)


def parse_github(value: object, source: str) -> str:
    """Return the setting's text without a slash at its end: empty, a URL (http, https), or an absolute directory.

    UsageError names ``source`` if it is something else; it shows no login.
    """
    text = str(value).strip().rstrip("/")
    if text and not _is_url(text) and not (text.startswith("/") and text.isprintable()):
        detail = "It is a URL (http://… or https://…) or an absolute directory, in place of https://github.com."
        raise UsageError(f"{source} is not a mirror: {without_login(text)}.", detail=detail)
    return text


def _is_url(text: str) -> bool:
    with contextlib.suppress(ValueError):
        parts = urlsplit(text)
        return bool(_URI.fullmatch(text) and parts.hostname) and parts.port != 0  # the port is read, and may be none
    return False


def without_login(text: str) -> str:
    """Return ``text`` without the names and passwords in its URIs."""
    return _LOGIN.sub("", text)
