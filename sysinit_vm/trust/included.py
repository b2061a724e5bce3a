"""The other files that a config includes, read by us: limactl never follows a name that a stranger wrote."""

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sysinit_vm import project_tree
from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError, edit
from sysinit_vm.host_path import expanded, resolved
from sysinit_vm.trust.danger import Context, Danger, Level, Where, spelled
from sysinit_vm.trust.references import LIMAS_OWN, Included, Reference
from sysinit_vm.trust.rules import Dangers, display, whole

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_FETCHED = ("http", "https", "github", LIMAS_OWN)
# Lima takes what is no URL to Go for a path of this machine (2.2.0): only what cannot be one is let through.
_LIMAS_TEMPLATE = re.compile(r"template:[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*", re.ASCII)
_ELSEWHERE = re.compile(
    r"(https?://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?/|github:)(?!.*\.\.)[A-Za-z0-9_.~/@?=&+,-]+", re.ASCII
)
_DEEPEST, _MOST = 8, 100
# What Lima makes of a file (2.2.0, embed.go), by the entry's mode; an entry that has it already takes no file.
_TEXT_OF = {"data": "content", "yq": "expression"}


def collect(committed: Config, root: Path, taken: Mapping[str, str]) -> Included:
    """Return ``committed`` with the project's files that it includes, read now, and those ``taken`` before.

    ``taken`` has them by what they were read from, a real path or a URL. ``root`` is the project's directory, absolute.
    VmError for a file that cannot be followed, whatever was approved.
    """
    texts, references = dict[str, str](), list[Reference]()
    for reference in _walk(committed.data, str(committed.path), root, (texts, taken), 0):
        references.append(reference)
        if len(references) > _MOST:
            raise _unusable(str(committed.path), f"It includes more than {_MOST} files.")
    return Included(committed, tuple(references), texts)


def dangers(included: Included, context: Context) -> Dangers:
    """Yield what is fetched, and what is read from outside the project."""
    for ref in included.references:
        where = ("base", ref.beside, ref.locator) if ref.beside else ref.where
        if ref.path is None:
            if not ref.limas_own:
                yield Danger(Level.FETCHES, where, f"takes more from {whole(ref.locator)}", ref.locator)
        elif not ref.path.is_relative_to(context.root):
            leads = "" if ref.means == ref.locator else f", which leads to {whole(ref.means)}"
            words = f"takes more from {whole(ref.locator)}{leads}, outside the project"
            yield Danger(Level.READS, where, words, [ref.locator, ref.means])


def outside(included: Included, root: Path) -> Iterator[tuple[str, str]]:
    """Yield the files of this machine outside the project ``root`` (absolute), with where each is named."""
    for ref in included.references:
        if ref.path is not None and not ref.path.is_relative_to(root):
            yield spelled(ref.where), ref.locator


def read_outside(path: Path) -> str:
    """Return the text of a file outside the project at the real ``path``.

    VmError if that, or a directory on the way to it, has become a link.
    """
    return _read(path.parent, path)


def as_files(included: Included) -> Iterator[tuple[str, str]]:
    """Yield the name and content of each file that limactl puts together: JSON of ours, the first one first.

    Scripts are in their entries by then; a base is named by the file beside it.
    """
    config = included.committed
    bases = list(dict.fromkeys(ref.locator for ref in included.references if ref.where[0] == "base"))
    numbers = {locator: f"{number}.yaml" for number, locator in enumerate(bases, 1)}
    yield "0.yaml", document.dump(_localized(config.data, str(config.path), included.texts, numbers))
    for locator, name in numbers.items():
        data = document.parse(included.texts[locator], Path(locator))
        yield name, document.dump(_localized(data, locator, included.texts, numbers))


def with_scripts(included: Included) -> Config:
    """Return the config with each script file in its entry; for one that has no base."""
    config = included.committed
    return Config(config.path, _localized(config.data, str(config.path), included.texts, {}), config.foreign_owner)


def names_files(data: Mapping[str, Any]) -> list[str]:
    """Return the keys in ``data`` by which limactl would read more files."""
    return [spelled(where) for where, _ in _locators(data)]


def has_base(included: Included) -> bool:
    """Whether any other config belongs to it."""
    return any(reference.where[0] == "base" for reference in included.references)


def _walk(
    data: Mapping[str, Any], beside: str, root: Path, known: tuple[dict[str, str], Mapping[str, str]], depth: int
) -> Iterator[Reference]:
    texts, taken = known
    if depth > _DEEPEST:
        raise _unusable(beside, f"Its bases are nested more than {_DEEPEST} deep.")
    for where, written in _locators(data):
        locator = _absolute(written, beside, spelled(where))
        means = str(resolved(Path(locator))) if locator.startswith("/") else locator
        yield Reference(where, locator, beside if depth else "", means)
        if locator not in texts and _is_inside(locator, root):
            texts[locator] = _read(root, Path(locator))
        elif locator not in texts and means in taken:
            texts[locator] = taken[means]
        if where[0] == "base" and locator in texts:
            yield from _walk(document.parse(texts[locator], Path(locator)), locator, root, known, depth + 1)


def _is_inside(locator: str, root: Path) -> bool:
    return locator.startswith("/") and Path(locator).is_relative_to(root)


def _read(root: Path, path: Path) -> str:
    content = project_tree.read(root, path.relative_to(root), document.LONGEST_BYTES)
    if content is None:
        raise _unusable(str(path), "It does not exist.")
    if content.open_to_others or content.exchangeable or (os.getuid() and content.owner not in {os.getuid(), 0}):
        raise _unusable(str(path), "Another account may write it.")
    return content.text(path)


def _locators(data: Mapping[str, Any]) -> Iterator[tuple[Where, str]]:
    base = data.get("base")
    for number, entry in enumerate(base if isinstance(base, list) else [base] if base not in (None, "", {}) else []):
        yield ("base", number), _url(entry)
    for key in ("provision", "probes"):
        entries = data.get(key)
        for number, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, Mapping) and entry.get("file") is not None:
                yield (key, number, "file"), _url(entry["file"])
    for number, path in enumerate(_certificate_files(data)):
        yield ("caCerts", "files", number), path if _SCHEME.match(path) is None else ""


def _certificate_files(data: Mapping[str, Any]) -> list[str]:
    certificates = data.get("caCerts")
    paths = certificates.get("files") if isinstance(certificates, Mapping) else None
    return [path if isinstance(path, str) else "" for path in paths] if isinstance(paths, list) else []


def _url(entry: Any) -> str:
    """A locator is text, or a mapping whose digest Lima does not support (2.2.0)."""
    locator = entry.get("url") if isinstance(entry, Mapping) and set(entry) == {"url"} else entry
    return locator if isinstance(locator, str) else ""


def _absolute(locator: str, beside: str, where: str) -> str:
    """Return ``locator``, written in the file ``beside``, as an absolute path or a URL, as Lima would.

    Lima runs limactl-url-SCHEME from PATH for a scheme that it does not know (2.2.0): we never let it.
    """
    scheme = _SCHEME.match(locator)
    if scheme and scheme[1] not in _FETCHED:
        why = f"It takes more from {display(locator)}, for which Lima would run the program limactl-url-{scheme[1]}."
        raise _unusable(beside, why)
    if scheme:
        return _plain(locator, beside, where)
    if not locator or ".." in locator.split("/"):
        raise _unusable(beside, f"{where} is {display(locator)}, which is no file below its own directory.")
    if beside.startswith("/"):
        return posixpath.normpath(posixpath.join(posixpath.dirname(beside), expanded(locator)))
    if locator.startswith(("/", "~")):
        raise _unusable(beside, f"It comes from elsewhere, and names the file {display(locator)} of this machine.")
    url = urlsplit(beside)
    path = posixpath.join(posixpath.dirname(url.path), locator)
    return _plain(urlunsplit(url._replace(path=path, query="", fragment="")), beside, where)


def _plain(locator: str, beside: str, where: str) -> str:
    scheme = locator.partition(":")[0]
    if not (_LIMAS_TEMPLATE if scheme == LIMAS_OWN else _ELSEWHERE).fullmatch(locator):
        raise _unusable(beside, f"{where} is {display(locator)}, which is no plain {scheme} URL.")
    return locator


def _localized(
    data: Mapping[str, Any], beside: str, texts: Mapping[str, str], numbers: Mapping[str, str]
) -> dict[str, Any]:
    local = dict(data)
    bases = [numbers[_absolute(written, beside, "")] for where, written in _locators(data) if where[0] == "base"]
    local.pop("base", None)
    if bases:
        local["base"] = bases
    for key in ("provision", "probes"):
        entries = data.get(key)
        if isinstance(entries, list):
            local[key] = [_with_text(entry, key, beside, texts) for entry in entries]
    if _certificate_files(data):
        texts_of = [texts[_absolute(path, beside, "caCerts.files")] for path in _certificate_files(data)]
        kept = {key: value for key, value in data["caCerts"].items() if key != "files"}
        local["caCerts"] = {**kept, "certs": [*(kept.get("certs") or []), *texts_of]}
    return local


def _with_text(entry: Any, key: str, beside: str, texts: Mapping[str, str]) -> Any:
    if not isinstance(entry, Mapping) or entry.get("file") is None:
        return entry
    name = _TEXT_OF.get(entry.get("mode", ""), "script") if key == "provision" else "script"
    if entry.get(name):
        raise _unusable(beside, f"An entry of {key} has both a file and {name}.")
    return {
        **{inner: value for inner, value in entry.items() if inner != "file"},
        name: texts[_absolute(_url(entry["file"]), beside, key)],
    }


def _unusable(locator: str, why: str) -> VmError:
    path = Path(locator)
    return VmError(f"Cannot use {display(locator)}.", detail=why, hint=edit(path) if path.is_absolute() else "")
