"""The part of YAML that Lima reads as we do. The rest is refused, so that no config has two meanings.

Lima 2.2.0 reads YAML with goccy/go-yaml 1.19.2, we with PyYAML. Each rule here is for a difference between the two:
found in go-yaml's scanner, parser and decoder, or by ``tests/lima/test_yaml_readers.py``, which compares both on
generated documents.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NoReturn

import yaml
from yaml.tokens import (
    AliasToken,
    AnchorToken,
    BlockEntryToken,
    BlockMappingStartToken,
    BlockSequenceStartToken,
    DirectiveToken,
    DocumentEndToken,
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    KeyToken,
    ScalarToken,
    TagToken,
    Token,
    ValueToken,
)

SEVERAL_LINES = "this goes over several lines, for which | or > is needed"
_TEXT_KEY = "tag:yaml.org,2002:str"
# Control characters, what ends a line for PyYAML only (U+0085, U+2028, U+2029), a byte order mark, which is part of the
# first key for Lima, and what PyYAML calls special.
_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]|\r(?!\n)")
# What even an escape must not bring in: halves of characters, and what `limactl list` cannot show. One VM with U+FFFE
# or U+FFFF makes it fail for all VMs (2.2.0).
_NOT_EVEN_ESCAPED = re.compile("[\x85\ufffe\uffff\ud800-\udfff]")
# What either reader takes for a number. go-yaml ignores underscores, and takes 012 and 0o12 for ten but 1e3 for text.
_NUMBER = re.compile(
    r"[-+]{0,2}(?:0x[0-9a-fA-F]+|0[ob][0-9]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+)?|0x[0-9a-fA-F]{1,15}")
_BLOCK_HEADER = re.compile(r"[|>]-?[ \r\n]")
# Where PyYAML and go-yaml fold lines alike: no space before a line break, no escape, no quote after one.
_PLAIN_LINES = re.compile(r"[^\n]*(?:(?<![ \t\r])\n +\w[^\n]*)+")
_QUOTED_LINES = re.compile(r"""['"][^\n\\]*(?:(?<![ \t\r])\n+ *(?:['"]|[^\s'"\\][^\n\\]*))+""")
_INDENTED = re.compile(r"^[ \t]", re.MULTILINE)
_STARTS_NODE = (
    ScalarToken,
    AliasToken,
    AnchorToken,
    TagToken,
    BlockMappingStartToken,
    BlockSequenceStartToken,
    FlowMappingStartToken,
    FlowSequenceStartToken,
)
# Of what is read twice, go-yaml loses such an escape but for its backslash: "\u0001x2e" becomes "\x2e", which is a dot.
_LOST_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\[xuU]")


def check_characters(text: str) -> None:
    """Raise YAMLError, with line and column, for the first character of ``text`` that the readers do not take alike."""
    found = _CHARACTERS.search(text)
    if found:
        start = found.start()
        line, column = text.count("\n", 0, start), start - text.rfind("\n", 0, start) - 1
        mark = yaml.Mark("", start, line, column, f"{text}\0", start)
        _refuse(f"the character U+{ord(found[0]):04X} is not allowed; most can be escaped in double quotes", mark)


class TokenCheck:
    """Checks the tokens of one document, ``text``, in their order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._flow: list[type[Token]] = []
        self._before: Token | None = None

    def check(self, token: Token) -> None:
        """Raise YAMLError, with line and column, if the readers may not take ``token`` alike."""
        if isinstance(self._before, BlockEntryToken) and not isinstance(token, _STARTS_NODE):
            # go-yaml looks for the value in the next line, even in one that is not indented.
            _refuse("an entry of a list has no value; write null", self._before.start_mark)
        match token:
            case DirectiveToken() | DocumentEndToken():
                _refuse("directives and '...' are not supported", token.start_mark)
            case TagToken():
                _refuse("tags are not supported; quotes make text", token.start_mark)
            case AnchorToken() | AliasToken():
                # Lima follows them in the order of its own fields, and with the types of those.
                _refuse("anchors and aliases are not supported; write the value again", token.start_mark)
            case KeyToken():
                self._check_key(token)
            case FlowMappingStartToken() | FlowSequenceStartToken():
                self._flow.append(type(token))
            case FlowMappingEndToken() | FlowSequenceEndToken():
                self._flow.pop()
            case ScalarToken():
                self._check_scalar(token)
        self._before = token

    def _check_key(self, token: KeyToken) -> None:
        if self._text[token.start_mark.index] == "?":
            _refuse("a key cannot begin with '?'", token.start_mark)
        if self._flow and self._flow[-1] is FlowSequenceStartToken:
            _refuse("a pair in a list needs braces", token.start_mark)

    def _check_scalar(self, token: ScalarToken) -> None:
        if token.style in ("|", ">"):
            self._check_block(token)
            return
        if token.start_mark.line != token.end_mark.line:
            self._check_lines(token)
        if token.plain:
            self._check_plain(token)
        elif _NOT_EVEN_ESCAPED.search(token.value):
            _refuse(
                "U+0085, U+FFFE, U+FFFF and half a character are not allowed, nor are their escapes", token.start_mark
            )

    def _check_lines(self, token: ScalarToken) -> None:
        source = self._text[token.start_mark.index : token.end_mark.index]
        if not (_PLAIN_LINES if token.plain else _QUOTED_LINES).fullmatch(source) or (token.plain and self._flow):
            _refuse(SEVERAL_LINES, token.start_mark)

    def _check_block(self, token: ScalarToken) -> None:
        if not _BLOCK_HEADER.match(self._text, token.start_mark.index):
            _refuse("only | and >, or these with a - for no line break at the end, are supported", token.start_mark)
        if token.style == ">" and _INDENTED.search(token.value):
            _refuse("a line of this > is indented further than the first; use |", token.start_mark)
        if not token.value.strip():
            _refuse('an empty block; write ""', token.start_mark)
        if self._text[token.end_mark.index - 1] != "\n":
            _refuse("a line break is missing at the end of this block", token.start_mark)
        if token.value.endswith((" ", "\t")):
            _refuse("the last line of this block ends with a space or a tab", token.start_mark)

    def _check_plain(self, token: ScalarToken) -> None:
        value, mark = token.value, token.start_mark
        if _NUMBER.fullmatch(value.replace("_", "")) and not _is_decimal(value):
            _refuse("Lima may take this for another number, or for text; write it in decimal, or in quotes", mark)
        if value.startswith(("---", "...")):
            _refuse("this needs quotes", mark)
        is_value = isinstance(self._before, ValueToken) and self._flow[-1:] == [FlowMappingStartToken]
        if self._flow and ":" in value and not is_value:
            _refuse("this needs quotes, or a space after its colon", mark)


def check_nodes(root: yaml.Node, text: str) -> None:
    """Raise YAMLError, with line and column, if the readers may not take ``root``, which is ``text`` parsed, alike."""
    for key in _keys(root):
        if key.tag != _TEXT_KEY:
            # One such key makes go-yaml ignore the whole mapping.
            _refuse("a key must be text; quote it", key.start_mark)
    for scalar in _scalars(_read_twice(root)):
        source = text[scalar.start_mark.index : scalar.end_mark.index]
        lost = "\\" in scalar.value or not scalar.value.isprintable()
        if lost or (scalar.style == '"' and _LOST_ESCAPE.search(source)):
            _refuse("Lima misreads backslashes, \\u and invisible characters in this place", scalar.start_mark)


def _refuse(problem: str, mark: yaml.Mark) -> NoReturn:
    raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _is_decimal(value: str) -> bool:
    """Whether both readers take ``value`` for the same number, and write it in the same digits where text is due."""
    return bool(_DECIMAL.fullmatch(value)) and ("." not in value or "e" not in repr(float(value)))


def _keys(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield from _keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            yield from _keys(entry)


def _read_twice(root: yaml.Node) -> Iterator[yaml.Node]:
    """Yield what Lima writes out again and reads a second time (its limayaml.Unmarshal)."""
    for name in ("base", "additionalDisks"):
        yield from _values(root, name)
    for name in ("provision", "probes"):
        for entries in _values(root, name):
            for entry in entries.value if isinstance(entries, yaml.SequenceNode) else ():
                yield from _values(entry, "file")


def _values(node: yaml.Node, name: str) -> Iterator[yaml.Node]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    yield from (value for key, value in pairs if key.value == name)


def _scalars(nodes: Iterable[yaml.Node]) -> Iterator[yaml.ScalarNode]:
    for node in nodes:
        if isinstance(node, yaml.ScalarNode):
            yield node
        elif isinstance(node, yaml.MappingNode):
            yield from _scalars(part for pair in node.value for part in pair)
        else:
            yield from _scalars(node.value)
