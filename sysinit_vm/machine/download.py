"""One file over HTTP, or from a directory: bounded, going on where it was cut, and kept only with the right digest.

The only module that imports urllib.request, which takes proxies and certificates from the environment.
"""

import base64
import hashlib
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from sysinit_vm import files
from sysinit_vm.config.mirror import without_login
from sysinit_vm.errors import VmError

if TYPE_CHECKING:
    from io import BufferedReader

_CHUNK = 2**18  # bytes
_PATIENCE = 5.0  # seconds until a host is taken for one that cannot be reached
_SILENCE = 30.0  # seconds without a byte until a download is taken for cut
_MOST_CUTS = 100  # of one download
_OnBytes = Callable[[int, int | None], None]


class RefusedFileError(VmError):
    """What came is not the file that we know: it was deleted, and nothing takes its place by itself."""

    def __init__(self, location: str, why: str) -> None:
        detail = f"{why}\nIt came from {without_login(location)}. What was downloaded of it was deleted."
        super().__init__("This is not the archive that we know.", detail=detail, hint="sysinit-vm setup --compile")


@dataclass(frozen=True)
class Answer:
    """Whether a file can be had: ``obstacle`` says why not, empty if it can; ``length`` in bytes, None if unknown.

    ``silent`` says that the host gave no answer at all, so that it has none for another file either.
    """

    obstacle: str = ""
    length: int | None = None
    silent: bool = False


def ask(location: str) -> Answer:
    """Ask, in at most five seconds, whether the file at ``location`` (a URL or an absolute path) can be had."""
    if location.startswith("/"):
        return _ask_directory(Path(location))
    answers = list[Answer]()
    # A thread, because nothing else limits the time of looking up a name.
    thread = Thread(target=lambda: answers.append(_ask_host(location)), daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    late = f"{urlsplit(location).hostname} does not answer within {_PATIENCE:.0f} seconds"
    return answers[0] if answers else Answer(late, silent=True)


def _ask_directory(path: Path) -> Answer:
    try:
        return Answer(length=path.stat().st_size) if path.is_file() else Answer(f"there is no file {path}")
    except OSError as error:
        return Answer(f"{path}: {error.strerror}")


def _ask_host(location: str) -> Answer:
    try:
        with _opened(location, "bytes=0-0", _PATIENCE) as response:
            return Answer(length=_range(response)[1])
    except urllib.error.HTTPError as error:
        return Answer(f"{without_login(location)}: {_why(error)}")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Answer(f"{urlsplit(location).hostname} cannot be reached ({_why(error)})", silent=True)


def fetch(location: str, part: Path, sha256: str, longest: int, on_bytes: _OnBytes) -> None:
    """Bring the file at ``location`` (a URL or an absolute path) to ``part`` (absolute), whose directory is made.

    What ``part`` has already is not fetched again, and stays if the download is cut; a cut download goes on while each
    connection brings something. ``on_bytes`` gets the number of bytes so far, and of all if that is known.

    RefusedFileError if the file has more than ``longest`` bytes or not the digest ``sha256`` (hexadecimal): ``part`` is
    then gone. VmError if it cannot be had.
    """
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        if location.startswith("/"):
            data = _read(Path(location), longest)
            with files.opened(part, "wb") as file:
                file.write(data)
        else:
            _fetch_all(location, part, longest, on_bytes)
        with files.opened(part) as file:
            actual = hashlib.file_digest(cast("BufferedReader", file), "sha256").hexdigest()
    except _TooLongError as error:
        part.unlink(missing_ok=True)
        raise RefusedFileError(location, str(error)) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        kept = "What was downloaded is kept, and the next try goes on from there." if _size(part) else ""
        why = f"{without_login(location)}: {_why(error)}\n{kept}"
        hint = "sysinit-vm setup, or sysinit-vm setup --compile"
        raise VmError("The archive could not be downloaded.", detail=why, hint=hint) from error
    if actual != sha256:
        part.unlink(missing_ok=True)
        raise RefusedFileError(location, f"Its SHA-256 should be {sha256}\nand is                {actual}.")


class _TooLongError(Exception):
    """The message says how long the file may be."""


def _read(path: Path, longest: int) -> bytes:
    try:
        return files.read(path, longest)
    except ValueError as error:
        raise _TooLongError(str(error)) from error


def _fetch_all(location: str, part: Path, longest: int, on_bytes: _OnBytes) -> None:
    for _ in range(_MOST_CUTS):
        before = _size(part)
        try:
            if _fetch_more(location, part, longest, on_bytes):
                return
            raise OSError("the connection ended early")  # noqa: TRY301
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and before:
                return  # it is all there; the digest says whether it is right
            raise
        except (OSError, http.client.HTTPException):
            if _size(part) <= before:
                raise
    raise OSError(f"the connection was cut {_MOST_CUTS} times")


def _fetch_more(location: str, part: Path, longest: int, on_bytes: _OnBytes) -> bool:
    """Append what one connection brings; return whether that is all."""
    done = _size(part)
    with _opened(location, f"bytes={done}-", _SILENCE) as response:
        start, length = _range(response)
        if start not in {0, done}:
            raise OSError(f"the server sent what begins at byte {start} instead of {done}")
        done = start  # 0 if the server knows no ranges
        if length is not None and length > longest:
            raise _TooLongError(f"It has {length} bytes, and should have at most {longest}.")
        with files.opened(part, "ab" if done else "wb") as file:
            return _copy(response, file, done, length, longest, on_bytes)


def _copy(response: Any, file: IO[bytes], done: int, length: int | None, longest: int, on_bytes: _OnBytes) -> bool:
    on_bytes(done, length)
    while chunk := response.read1(_CHUNK):
        done += len(chunk)
        if done > longest:
            raise _TooLongError(f"It has more than {longest} bytes.")
        file.write(chunk)
        on_bytes(done, length)
    return length is None or done >= length


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _opened(location: str, byte_range: str, seconds: float) -> Any:
    """Return the open response; ``seconds`` limits the connection, and each wait for more bytes."""
    headers = {"Range": byte_range, "User-Agent": "sysinit-vm", "Accept-Encoding": "identity"}
    request = urllib.request.Request(without_login(location), headers=headers)  # noqa: S310  # the scheme is checked
    url = urlsplit(location)
    if url.username is not None:
        login = f"{unquote(url.username)}:{unquote(url.password or '')}"
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")
    return urllib.request.build_opener(_Redirects).open(request, timeout=seconds)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow a redirect from https to https, and from http only to the same host, which is the mirror's."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        secure = old.scheme == new.scheme == "https"
        same_host = old.scheme == "http" and new.scheme in {"http", "https"} and new.hostname == old.hostname
        if not (secure or same_host):
            raise urllib.error.URLError(f"it redirects to {new.scheme}://{new.hostname}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _range(response: Any) -> tuple[int, int | None]:
    """Return at which byte of the file the response begins, and how many the whole file has; None if it is not said."""
    if response.status != HTTPStatus.PARTIAL_CONTENT:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isascii() and length.isdecimal() else None
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if not match:
        raise OSError("the server does not say which part of the file it sent")
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return _why(error.reason) if isinstance(error.reason, Exception) else str(error.reason)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    strerror = error.strerror if isinstance(error, OSError) else ""
    return strerror or str(error) or type(error).__name__
