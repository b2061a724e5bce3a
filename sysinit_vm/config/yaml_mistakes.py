"""YAML that a hand got wrong, in our words: where the mistake was made, that line, and what to write instead.

PyYAML's messages, those of its scanner and parser (6.0), name the line where it cannot go on: often one below.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import yaml
from yaml.tokens import (
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    ScalarToken,
    Token,
)

from sysinit_vm.config.yaml_subset import SEVERAL_LINES
from sysinit_vm.escaping import printable

_LONGEST = 75  # characters of a line that are shown, as many as PyYAML shows
_WRITE = ". Write: "
_TAB_INDENT = re.compile(" *\t")
_KEY = r"(?P<key>[\w.-]+)"
_NO_SPACE = re.compile(rf"[\s-]*{_KEY}:(?P<value>[^\s:/].*)")
_NO_COLON = re.compile(rf"[\s-]*{_KEY}(?:\s*=\s*|\s+)(?P<value>[^\s=].*)")
_PAIR = re.compile(rf"[\s-]*{_KEY}: +(?P<value>.*)")
_INDENT = re.compile(r"(?: |- )*")


@dataclass(frozen=True)
class _Stop:
    """Where PyYAML could not go on, and why: ``line`` and ``column`` are from 0, ``lines`` is the whole text."""

    error: yaml.MarkedYAMLError
    text: str
    lines: list[str]
    line: int
    column: int

    @property
    def problem(self) -> str:
        return str(self.error.problem)

    def before(self) -> str:
        """Return the part of the line before that place."""
        return self.lines[self.line][: self.column]

    def above(self) -> int:
        """Return the number of the nearest line above that is neither empty nor a comment, its own if there is none."""
        numbers = reversed(range(self.line))
        return next((number for number in numbers if self.lines[number].strip()[:1] not in ("", "#")), self.line)


_Mistake = tuple[int, str]  # a line, from 0, and what is wrong there


def reason(error: yaml.MarkedYAMLError, text: str) -> str:
    """Return what is wrong with ``text``, in which PyYAML found ``error``: the line, its text, and what to write."""
    mark = error.problem_mark or error.context_mark
    lines = text.split("\n")
    if mark is None or mark.line >= len(lines):
        return str(error)
    if _TAB_INDENT.match(lines[mark.line]):
        return f"Line {mark.line + 1} has a tab; YAML is indented with spaces."
    stop = _Stop(error, text, lines, mark.line, mark.column)
    for find in _FINDERS:
        mistake = find(stop)
        if mistake:
            line, what = mistake
            end = "" if _WRITE in what else "."  # which would be written too
            return f"Line {line + 1}: {what}{end}\n    {printable(lines[line].strip(), _LONGEST)}"
    what = ", ".join(filter(None, (error.context, error.problem)))
    return f"{what}, in line {mark.line + 1}, column {mark.column + 1}:\n{mark.get_snippet()}"


def _open_quote(stop: _Stop) -> _Mistake | None:
    """A quote that is not closed takes the next one for its end, and what follows that is no YAML."""
    start = stop.error.context_mark
    if start is not None and stop.error.context == "while scanning a quoted scalar" and "unexpected" in stop.problem:
        return _unclosed(stop.text[start.index], start.line)
    if stop.problem == SEVERAL_LINES and stop.lines[stop.line][stop.column :][:1] in ("'", '"'):
        return _unclosed(stop.lines[stop.line][stop.column], stop.line, several=True)
    for token in _tokens(stop.text):
        begin, end = token.start_mark.line, token.end_mark.line
        if isinstance(token, ScalarToken) and token.style in ("'", '"') and begin < end == stop.line:
            return _unclosed(str(token.style), begin)
    return None


def _text_after_quote(stop: _Stop) -> _Mistake | None:
    quote = stop.before().rstrip()[-1:]
    if stop.problem.endswith("found '<scalar>'") and quote in ("'", '"'):
        return stop.line, f"text follows a closing {quote}, which needs to be the last one of its text"
    return None


def _open_bracket(stop: _Stop) -> _Mistake | None:
    start = stop.error.context_mark
    if start is not None and str(stop.error.context).startswith("while parsing a flow"):
        return _unclosed(stop.text[start.index], start.line) if start.line < stop.line else None
    if stop.problem != SEVERAL_LINES:
        return None
    opened = list[Token]()
    for token in _tokens(stop.text):
        if (token.start_mark.line, token.start_mark.column) >= (stop.line, stop.column):
            break
        if isinstance(token, FlowMappingStartToken | FlowSequenceStartToken):
            opened.append(token)
        elif isinstance(token, FlowMappingEndToken | FlowSequenceEndToken) and opened:
            opened.pop()
    if not opened:
        return None
    start = opened[-1].start_mark
    return _unclosed(stop.text[start.index], start.line, several=True)


def _unclosed(sign: str, line: int, *, several: bool = False) -> _Mistake:
    """Return the mistake of a quote or bracket; ``several`` says that it may be closed in another line."""
    more = "; text of several lines needs | or >" if several else ""
    return line, f"a {sign} is opened here and not closed in this line{more}"


def _key_without_colon(stop: _Stop) -> _Mistake | None:
    start = stop.error.context_mark
    if stop.error.context == "while scanning a simple key" and start is not None:
        return _as_pair(stop.lines, start.line)
    if stop.problem == SEVERAL_LINES and _is_indent(stop.before()):
        return _as_pair(stop.lines, stop.line)
    return None


def _second_colon(stop: _Stop) -> _Mistake | None:
    """PyYAML takes a line for a key, because it has a colon, where no key can be."""
    if stop.problem != "mapping values are not allowed here":
        return None
    pair, above = _PAIR.fullmatch(stop.lines[stop.line]), stop.above()
    if pair and ": " in stop.before():
        return stop.line, f"text with a colon and a space needs quotes{_quoted(pair)}"
    if _NO_SPACE.fullmatch(stop.lines[above]):
        return _as_pair(stop.lines, above)
    if _is_indent(stop.before()[: _column(stop.lines[stop.line])]) and above != stop.line:
        return stop.line, "it is indented further than the line above, which has a value already"
    return None


def _wrong_indentation(stop: _Stop) -> _Mistake | None:
    if not stop.problem.startswith("expected <block end>") or not _is_indent(stop.before()):
        return None
    spaces, above = stop.column, _column(stop.lines[stop.above()])
    if spaces == above:
        return None
    unit = "space" if spaces == 1 else "spaces"
    return stop.line, f"it is indented by {spaces} {unit}, which fits no line above; {above} would"


def _bad_first_character(stop: _Stop) -> _Mistake | None:
    if "that cannot start any token" not in stop.problem:
        return None
    sign, pair = stop.lines[stop.line][stop.column :][:1], _PAIR.fullmatch(stop.lines[stop.line])
    if sign == "\t":
        return stop.line, "it has a tab where a space belongs"
    fits = pair and pair.start("value") == stop.column
    return stop.line, f"text cannot begin with {sign}{_quoted(pair) if pair and fits else '; put it in quotes'}"


# In this order: an open quote is behind many other errors.
_FINDERS: tuple[Callable[[_Stop], _Mistake | None], ...] = (
    _open_quote,
    _text_after_quote,
    _open_bracket,
    _key_without_colon,
    _second_colon,
    _wrong_indentation,
    _bad_first_character,
)


def _tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of ``text`` up to the first place that PyYAML's scanner does not take."""
    try:
        yield from yaml.scan(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, OverflowError):  # the last two: an escape such as "\\UFFFFFFFF"
        return


def _as_pair(lines: list[str], line: int) -> _Mistake:
    """Return the mistake of a key in ``line`` without its colon, or without the space after that."""
    for form, what in (
        (_NO_SPACE, "a space is missing after the colon"),
        (_NO_COLON, "a colon and a space belong after a key"),
    ):
        if pair := form.fullmatch(lines[line].rstrip()):
            return line, f"{what}{_write(pair['key'], pair['value'])}"
    return line, "a colon and a space belong after a key"


def _quoted(pair: re.Match[str]) -> str:
    """Return what to write for a ``pair`` whose value needs quotes; empty if that has some, or a backslash."""
    value = pair["value"].rstrip()
    return "" if {'"', "\\"} & set(value) else _write(pair["key"], f'"{value}"')


def _write(key: str, value: str) -> str:
    return f"{_WRITE}{printable(f'{key}: {value}', _LONGEST)}"


def _is_indent(text: str) -> bool:
    return bool(_INDENT.fullmatch(text))


def _column(line: str) -> int:
    """Return where the text of ``line`` begins, after its spaces and the dashes of lists."""
    match = _INDENT.match(line)
    return match.end() if match else 0
