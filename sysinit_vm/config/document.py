"""The committed ``.lima/config.yaml``: parsed by us, before limactl sees it."""

import copy
import json
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from sysinit_vm import files
from sysinit_vm.config import own_json, yaml_subset
from sysinit_vm.config.params import PROJECT_DIR, VM_NAME
from sysinit_vm.errors import VmError, edit

_LONGEST = 200_000  # characters of a config, and half of what it stands for
LONGEST_BYTES = 4 * _LONGEST
_KEPT = 4  # configs: a command is about one VM, or one after the other
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# YAML's own errors, and what PyYAML's constructors and JSON raise for a value of the wrong kind, such as `!!int x`,
# a mapping as a key, a list in itself, not-a-number, or `"\UFFFFFFFF"`.
NOT_PLAIN = (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError)


@dataclass(frozen=True)
class Config:
    """A config as it was committed: ``path`` is absolute, ``data`` is what Lima's own parser would read.

    ``foreign_owner`` is the account that the file belongs to, empty if it is the user's own or root's. ``text`` is the
    YAML that was read from it, empty if that is not kept: only the config's values that stand in it have a line.
    """

    path: Path
    data: dict[str, Any]
    foreign_owner: str = ""
    text: str = field(default="", compare=False, repr=False)

    def line(self, where: str) -> int | None:
        """Return the line (from 1) of ``where``, such as ``mounts[0].location``; None if it is not in the text."""
        return self._line_of.get(where)

    @cached_property
    def _line_of(self) -> dict[str, int]:
        return dict(_lines(_Loader(self.text).get_single_node(), ""))

    def place(self, where: str) -> str:
        """Return where ``where``, such as ``mounts[0].location``, stands: the file, and the line if it is known."""
        line = self.line(where)
        return f"line {line} of {self.path}" if line else str(self.path)

    @property
    def vm_name(self) -> str | None:
        """The VM's name that ``init`` was told to keep, None if it follows from the directory."""
        param = self.data.get("param")
        name = param.get(VM_NAME) if isinstance(param, dict) else None
        return str(name) if name else None

    @property
    def project_dir(self) -> Path | None:
        """The directory that it was written for, perhaps on another machine; None if it names none."""
        param = self.data.get("param")
        text = param.get(PROJECT_DIR) if isinstance(param, dict) else None
        return Path(text) if isinstance(text, str) else None


class EmptyError(VmError):
    """A config is empty, or all comments."""


def load(path: Path) -> Config:
    """Read a config of the user's own at ``path`` (absolute); ``committed_config.load`` reads a project's.

    VmError says what is wrong with it, with line and column.
    """
    try:
        text = files.read(path, LONGEST_BYTES).decode()
    except PermissionError as error:  # which is no fault of what is in it
        raise files.denied("read", path, error) from error
    except (OSError, ValueError) as error:
        raise _unusable(path, str(error)) from error
    return Config(path, parse(text, path))


def parse(text: str, path: Path) -> dict[str, Any]:
    """Return the mapping that the YAML ``text`` holds, for Lima too; VmError otherwise. ``path`` is for messages."""
    try:
        data = copy.deepcopy(_for_lima(text))  # whoever gets it may change it
    except yaml.MarkedYAMLError as error:
        from sysinit_vm.config import yaml_mistakes

        raise _unusable(path, yaml_mistakes.reason(error, text)) from error
    except NOT_PLAIN as error:
        raise _unusable(path, str(error)) from error
    if data is None:
        raise _unusable(path, "It is empty.", EmptyError)
    if not isinstance(data, dict):
        raise _unusable(path, f"It holds a {type(data).__name__}, not a mapping.")
    return data


@lru_cache(maxsize=_KEPT)
def _for_lima(text: str) -> Any:
    """A command reads the same text more than once, and YAML is slow: kept by the text itself, it is never stale."""
    written_by_us = own_json.read(text, dump)
    if written_by_us is not None:
        return written_by_us
    data = _read(text, _LimaLoader)
    json.dumps(data, allow_nan=False)
    return data


def plain(text: str) -> Any:
    """Return what the YAML 1.2 ``text`` means; NOT_PLAIN if it is invalid.

    Like yaml.load, but what aliases expand to is counted first: nine lines can stand for a gigabyte.
    """
    return _read(text, _Loader)


def _read(text: str, loader_class: "type[_Loader]") -> Any:
    if len(text) > _LONGEST:
        raise ValueError(f"It has more than {_LONGEST} characters.")
    loader = loader_class(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > 2 * _LONGEST:
            raise ValueError("Its aliases make it far larger than it looks.")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """Return how many nodes ``node`` stands for with every alias expanded, without expanding any twice."""
    if id(node) in sizes:
        return sizes[id(node)]
    sizes[id(node)] = 2 * _LONGEST + 1  # if it leads back to itself
    parts = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    inner = parts if isinstance(node, yaml.CollectionNode) else []
    sizes[id(node)] = 1 + (sum(_size(part, sizes) for part in inner) if inner else len(node.value))
    return sizes[id(node)]


def _lines(node: yaml.Node | None, where: str) -> Iterator[tuple[str, int]]:
    """Yield each key and entry in ``node``, which is at ``where``, with its line; the first is 1."""
    if isinstance(node, yaml.MappingNode):
        inner = [(f"{where}.{key.value}".removeprefix("."), key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        inner = [(f"{where}[{number}]", entry, entry) for number, entry in enumerate(node.value)]
    else:
        return
    for name, marked, value in inner:
        yield name, marked.start_mark.line + 1
        yield from _lines(value, name)


def dump(data: object) -> str:
    """Return ``data`` as JSON that is YAML too: quoting everything keeps `on` and `0644` text.

    Characters that YAML takes for a line break, or does not take at all, are escaped.
    """
    return _NOT_YAML.sub(lambda char: f"\\u{ord(char[0]):04x}", json.dumps(data, indent=2, ensure_ascii=False))


def _unusable(path: Path, reason: str, kind: type[VmError] = VmError) -> VmError:
    return kind(
        f"Cannot use {path}.",
        detail=reason,
        hint=f"{edit(path)}, or sysinit-vm init for a new one",
    )


class _Loader(yaml.SafeLoader):
    """YAML 1.2 as Lima reads it: `on` and `12:30` are text, and a key appears once."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key in keys and key != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} appears twice", key_node.start_mark
                )
            keys.add(key)
        return super().construct_mapping(node, deep=deep)


class _LimaLoader(_Loader):
    """Refuses what Lima might read in another way."""

    def __init__(self, text: str) -> None:
        yaml_subset.check_characters(text)
        super().__init__(text)
        self._text, self._tokens = text, yaml_subset.TokenCheck(text)

    def get_token(self) -> yaml.Token:
        token: yaml.Token = super().get_token()  # type: ignore[no-untyped-call]
        self._tokens.check(token)
        return token

    def construct_document(self, node: yaml.Node) -> Any:
        yaml_subset.check_nodes(node, self._text)
        return super().construct_document(node)


def _resolve(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"(?:{pattern})\Z"), list(first))


_resolve("bool", "true|True|TRUE|false|False|FALSE", "tTfF")
_resolve("null", "null|Null|NULL|~|", "nN~")
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"\Z"), [""])
_resolve("int", "[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789")
_resolve("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?", "-+.0123456789")
_resolve("merge", "<<", "<")
