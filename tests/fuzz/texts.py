"""Texts that nobody means well with. ``@CANARY@`` is a file that none of them may make, ``@PLACE@`` the case's world."""

import json
from random import Random

from hypothesis import strategies as st

from tests.lima.yaml_texts import Texts, mutated

COMMANDS = (
    "$(touch @CANARY@)",
    "`touch @CANARY@`",
    "; touch @CANARY@ #",
    "' ; touch @CANARY@ ; '",
    '" ; touch @CANARY@ ; "',
    "| touch @CANARY@",
    "&& touch @CANARY@",
    "\ntouch @CANARY@\n",
    "x\n  ProxyCommand touch @CANARY@",
    "-oProxyCommand=touch @CANARY@",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{% include '/etc/passwd' %}",
    "{{.Home}}",
    '{{ catLines (exec "touch" (list "@CANARY@")) }}',
    "!!python/object/apply:os.system ['touch @CANARY@']",
    "__import__('os').system('touch @CANARY@')",
    "%n%s%x",
)  # fmt: skip
PATHS = (
    "..",
    "../../etc",
    "/",
    "//",
    "~",
    "~root",
    "~nobody-here/x",
    "./-",
    "/proc/self/cwd",
    "/proc/self/mem",
    "/dev/null/x",
    "/dev/full",
    "@PLACE@/outside",
    "@PLACE@/missing",
    "@PLACE@/file",
    "@PLACE@/file/below",
    "@PLACE@/loop",
    "@PLACE@/fifo",
    "@PLACE@/a\nb",
    "a/../b/./c//d",
    "x" * 300,
    "d/" * 2100,
)
NUMBERS = (
    "0", "-1", "1", "007", "1_000", "0x1F", "0o17", "0b1", "1e3", "1e309", "-1e999", ".inf", ".nan", "NaN", "Infinity",
    "1.5", "9" * 20, "9" * 5000, "0x" + "f" * 5000, "-" + "9" * 4400, "1:60:60", "190:20:30.15", "2001-99-99",
    "2001-12-14t21:59:43.10-05:00", "99999-01-01", "٣", "²", "10GiB", "1e9999GiB", "-5MiB", "1.0.0", "65536",
    "9223372036854775808", "18446744073709551616",
)  # fmt: skip
ODD = (
    "", " ", "\t", "\n", "\r", "-", "--", "-h", "--help", "--yes", "-x", "=", "a=b", "--name=", "null", "true", "NO",
    "\x1b]0;x\x07", "\x1b[2J", "\x9b31m", "\u202eabc", "\u2028", "\ufeff", "\u200b", "\U0001f600", "e\u0301", "İ", "ß",
    "\udcff", "\ud800", "\x7f", "\x00", "é" * 80, "a" * 5000, "'", '"', "\\", "\\n", "*", "?", "[", "]", "{", "}", "<<",
    "&a", "*a", "|", ">", "%", "@", "#", ":", ",", "${X}", "$HOME", "%h", "%%", "[bold red]x[/bold red]", "[/]",
)  # fmt: skip
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
WHOLE_YAML = (
    "", "null\n", "[]\n", "- a\n", "text\n", "a: &a [*a]\n", "&a {x: *a}\n", "a: {<<: *b}\n", "<<: [1]\n", "? [1]\n: 2\n",
    "? {a: b}\n: 2\n", "{" * 5000, "[" * 5000, "a: " * 3000, "- " * 5000, BOMB, "a: !!binary x\n", "a: !!timestamp x\n",
    "a: !!int x\n", "a: !!float x\n", "a: !!bool x\n", "a: !!set {x, x}\n", "a: !!omap [x]\n", "a: !!pairs 1\n", "%YAML 9.9\n---\n",
    "%TAG ! tag:x,2000:\n---\n!x y\n", "---\n---\n", "a: b\n...\na: c\n", "\ufeffa: b\n", 'a: "\\UFFFFFFFF"\n', 'a: "\\ud800"\n',
    "a: '\n", 'a: "\n', "a: |9\n", "a: >-+\n", "\ta: b\n", "a: b: c\n", "a: 1\na: 2\n", "1: 2\n", "null: x\n", "true: x\n",
    ".inf: x\n", "2001-01-01: x\n", "? |\n  a\n: b\n", "#" * 100_000, "a: " + "b" * 300_000,
)  # fmt: skip


def words() -> st.SearchStrategy[str]:
    """Return texts for any place."""
    known = st.sampled_from((*COMMANDS, *PATHS, *NUMBERS, *ODD))
    free = st.text(max_size=30)
    joined = st.tuples(known, st.sampled_from((*ODD, "x", "demo")), known).map("".join)
    return st.one_of(known, known, free, joined)


def typed_words() -> st.SearchStrategy[str]:
    """Return texts that a program can be given, as a word or in a variable: they have no NUL."""
    return words().map(
        lambda text: (
            text.replace("\0", "").encode("utf-8", "replace").decode() if "\ud800" in text else text.replace("\0", "")
        )
    )


def json_values() -> st.SearchStrategy[object]:
    """Return what JSON can say, whatever its reader expects."""
    numbers = st.sampled_from((0, -1, 2**31, 2**63, 2**64, 10**30, 1.5, float("inf"), float("nan"), 1e308))
    plain = st.one_of(st.none(), st.booleans(), numbers, words())
    return st.recursive(
        plain,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words(), inner, max_size=3)),
        max_leaves=5,
    )


def broken_json(text: str) -> st.SearchStrategy[str]:
    """Return ``text`` as a program may print it that is cut off, or goes wrong."""
    cut = st.integers(0, len(text)).map(lambda at: text[:at])
    twice = st.integers(0, len(text)).map(lambda at: text[at:] + text)
    whole = st.sampled_from(
        ("", "\n", "null", "[]", "{}", "1", '"x"', "[" * 100_000, '{"a":' * 50_000, "9" * 5000, "NaN", "{}\n{}", "\x00",
         '{"name":' + "9" * 5000 + "}", "panic: runtime error\n\ngoroutine 1 [running]:\n", '{"level":"fatal","msg":1}',
         '{"level":"fatal","msg":"\\ud800 $(touch @CANARY@) \\u001b[2J"}', "x" * 1_000_000, "\n" * 200_000)
    )  # fmt: skip
    return st.one_of(cut, twice, whole, words())


def configs(usual: str, keys: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Return texts of configs: ``usual`` with errors or hostile values in it, ``keys`` with any values, or neither."""
    lines = usual.splitlines(keepends=True)
    scalars = st.one_of(words(), st.sampled_from(NUMBERS), json_values().map(_flow))
    entries = st.tuples(
        st.one_of(st.sampled_from(keys), st.sampled_from(keys), words()),
        st.sampled_from((": ", ":\n  - ", ":\n  a: ", ": |\n  ", ": &x ")),
        scalars,
    )
    mapping = st.lists(entries.map("".join), max_size=4).map(lambda made: "\n".join((*made, "")))
    changed = st.lists(
        st.tuples(st.integers(0, len(lines)), entries.map(lambda made: f"{''.join(made)}\n")), max_size=3
    ).map(lambda changes: _with(lines, changes))
    replaced = st.tuples(st.integers(0, len(lines) - 1), scalars).map(lambda change: _value(lines, *change))
    seeds = st.integers(0, 2**32)
    from_grammar = seeds.map(lambda seed: Texts(Random(seed), 0.15).document())  # noqa: S311  # nothing secret
    with_errors = seeds.map(lambda seed: mutated(Random(seed), usual, 1 + seed % 3))  # noqa: S311
    whole = st.tuples(st.sampled_from(WHOLE_YAML), st.sampled_from(("", usual))).map("".join)
    return st.one_of(mapping, changed, replaced, replaced, from_grammar, with_errors, whole)


def _flow(value: object) -> str:
    return json.dumps(value)


def _with(lines: list[str], changes: list[tuple[int, str]]) -> str:
    text = list(lines)
    for at, line in changes:
        text.insert(at, line)
    return "".join(text)


def _value(lines: list[str], at: int, scalar: str) -> str:
    key, colon, _ = lines[at].partition(": ")
    return "".join((*lines[:at], f"{key}{colon}{scalar}\n", *lines[at + 1 :]))
