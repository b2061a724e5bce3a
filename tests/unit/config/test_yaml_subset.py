"""What is refused because Lima's reader of YAML differs from ours; tests/lima/test_yaml_readers.py asks Lima itself."""

import json
from pathlib import Path

import pytest
import yaml

from sysinit_vm.config import document
from sysinit_vm.errors import VmError

HERE = Path("/p/.lima/config.yaml")
CONTROLS = [*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0)]
SPECIAL = [0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF]


def parse(text):
    return document.parse(text, HERE)


def refusal(text):
    with pytest.raises(VmError) as caught:
        parse(text)
    assert str(HERE) in caught.value.brief
    return caught.value.detail


@pytest.mark.parametrize("code", [*CONTROLS, *SPECIAL])
@pytest.mark.parametrize(
    "text", ["cpus: 1\n# a{}base: x\n", "cpus: 1\na{}: b\n", "cpus: 1\na: b{}\n", "cpus: 1\na: '{}'\n"]
)
def test_a_character_that_may_end_a_line_for_one_reader_is_refused_with_its_place(text, code):
    detail = refusal(text.format(chr(code)))
    assert f"U+{code:04X}" in detail
    assert f"line 2, column {text.splitlines()[1].index('{') + 1}" in detail


@pytest.mark.parametrize("code", {*CONTROLS, *SPECIAL} - {0x85, 0xFFFE, 0xFFFF})
def test_most_of_them_can_be_escaped(code):
    assert parse(f'a: "\\u{code:04x}"\n') == {"a": chr(code)}


@pytest.mark.parametrize("escape", ["\\x85", "\\N", "\\ufffe", "\\uffff", "\\ud83d", "\\ud83d\\ude00"])
def test_what_limactl_cannot_list_is_refused_even_if_escaped(escape):
    assert "nor are their escapes" in refusal(f'a: "{escape}"\n')
    assert "nor are their escapes" in refusal(f'"{escape}": a\n')


def test_a_carriage_return_alone_ends_no_line_that_lima_would_not_end():
    assert "U+000D" in refusal("# a\rbase: x\ncpus: 1\n")
    assert parse("# a\r\ncpus: 1\r\nmessage: |\r\n  a\r\n  b\r\n") == {"cpus": 1, "message": "a\nb\n"}


def test_a_byte_order_mark_would_be_part_of_limas_first_key():
    assert "line 1, column 1" in refusal("\ufeffbase: x\n")


@pytest.mark.parametrize(
    "text", ["é", "漢字", "😀", "a\u00a0b", "a\u3000b", "\u202fa", "\ufffd", "\U0010ffff", "e\u0301"]
)
def test_ordinary_text_passes_in_comments_and_scalars(text):
    config = f"# {text}\n{text}: {text} # {text}\nb: '{text}'\nc: |\n  {text}\n"
    assert parse(config) == {text: text, "b": text, "c": f"{text}\n"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("%YAML 1.2\n---\na: b\n", "directives"),
        ("a: b\n...\n", "directives"),
        ("a: b\n---\nbase: x\n", "document"),
        ("a: !!str 1\n", "tags"),
        ("a: ! b\n", "tags"),
        ("base: !\n", "tags"),
        ("a: &x b\n", "anchors and aliases"),
        ("a: &x\nb: *x\n", "anchors and aliases"),
        ("a: {<<: {b: c}}\n", "must be text"),
        ("? a\n: b\n", "cannot begin with"),
        ("{? a : b}\n", "cannot begin with"),
        ("a: [b: c]\n", "needs braces"),
        ("a: [b:]\n", "needs braces"),
        # Lima takes base for the first mount.
        ("mounts:\n-\nbase: x\n", "no value"),
        ("mounts:\n- # nothing\n- a\n", "no value"),
        # Lima: nothing at all, not even cpus
        ("cpus: 1\n1: x\n", "must be text"),
        ("cpus: 1\nenv: {true: x}\n", "must be text"),
        ("~: x\n", "must be text"),
        ("a: b\n  - c\n", "several lines"),
        ("a: b\n\n  c\n", "several lines"),
        ("a: b \n  c\n", "several lines"),
        ("a: [b\n  c]\n", "several lines"),
        ("a: {b: c\n  d}\n", "several lines"),
        ('a: "b \n  c"\n', "several lines"),
        ('a: "b\t\n  c"\n', "several lines"),
        ('a: "b\n  \tc"\n', "several lines"),
        ('a: "b\\x20\n  c"\n', "several lines"),
        ('a: "b\\\n  c"\n', "several lines"),
        ("a: 'b\n  \n  c'\n", "several lines"),
        ("a: 'b\n  '' c'\n", "several lines"),
        ("a: 'b\r\n  c'\r\n", "several lines"),
        ("a: |+\n  b\n", "are supported"),
        ("a: |2\n    b\n", "are supported"),
        ("a: >1-\n  b\n", "are supported"),
        # Lima: the key is "cpus", with the quotes
        ('message: |\n\n"cpus": 1\n', "empty block"),
        ("a: |\n", "empty block"),
        ("a: |-\n  b  \n", "ends with a space"),
        ("a: |-\n  b\t\n", "ends with a space"),
        ("a: >\n  b\n  c", "line break is missing"),
        ("a: >\n  b\n   \n\n  c\n", "indented further"),
        ("a: >\n  b\n   c\n", "indented further"),
        ("env: {A:1}\n", "a space after its colon"),
        ("env: {A: [b:1]}\n", "a space after its colon"),
        ("env: [http://a:1]\n", "a space after its colon"),
        ("base: ---\n", "needs quotes"),
        ("base: ...\n", "needs quotes"),
        ("base: ---x\n", "needs quotes"),
    ],
)
def test_what_lima_may_read_as_something_else_is_refused(text, why):
    detail = refusal(text)
    assert why in detail
    assert "line" in detail


@pytest.mark.parametrize(
    "number",
    """012 00 0644 0o17 0b11 1_000 1__0_ +-5 1e3 1E-3 1.5e3 .5 5. 08 0_7 .inf -.Inf .nan 9999999999999999999 0.00001
    10000000000000000.0 01.5 0xffffffffffffffff +0x1""".split(),  # noqa: SIM905
)
def test_a_number_that_the_readers_may_not_take_alike_is_refused_as_value_and_key(number):
    assert "in decimal, or in quotes" in refusal(f"a: {number}\n")
    assert "in decimal, or in quotes" in refusal(f"env: {{{number}: a}}\n")
    assert parse(f"a: '{number}'\n") == {"a": number}


@pytest.mark.parametrize(
    ("text", "meant"),
    [("0", 0), ("-7", -7), ("+12", 12), ("0x1F", 31), ("1.5", 1.5), ("1.50", 1.5), ("-0.25", -0.25)],
)
def test_plain_numbers_are_numbers(text, meant):
    assert parse(f"a: {text}\n") == {"a": meant}


@pytest.mark.parametrize(
    "text",
    ["1.2.3", "127.0.0.1", "12:30", "2020-01-01", "10GiB", "on", "y", "1e", ".", "v1", "0x", "0xg", "1,000", "e3"],
)
def test_what_no_reader_takes_for_a_number_stays_text(text):
    assert parse(f"a: {text}\n") == {"a": text}


def test_a_long_row_of_digits_takes_no_longer_than_other_text():
    text = "9" * 150_000
    assert parse(f"a: {text}x\n") == {"a": f"{text}x"}
    assert len(refusal(f"a: {text}\n")) < 1000


@pytest.mark.parametrize(
    "text",
    [
        "base: {}\n",
        "base: [{}]\n",
        "base: {{url: {}}}\n",
        "base:\n- url: {}\n",
        "additionalDisks: [{}]\n",
        "additionalDisks:\n- name: {}\n",
        "provision:\n- file: {}\n",
        "provision: [{{file: {{url: {}}}}}]\n",
        "probes:\n- file: {}\n",
    ],
)
@pytest.mark.parametrize(
    "value",
    [
        '"\\u0001x2e./x"',
        '"\\x41"',
        '"\\U00000041"',
        '"\\n"',
        '"\\e"',
        '"\\\\"',
        "a\\b",
        "'a\\u0041'",
        "a\u00a0b",
        "\u200b",
    ],
)
def test_what_lima_loses_is_refused_where_it_reads_twice(text, value):
    assert "Lima misreads" in refusal(text.format(value))
    assert parse(text.format("a"))
    assert parse(text.format('"é \\" b"'))


def test_what_a_program_writes_passes():
    data = {
        "message": "word " * 40 + "end",
        "provision": [{"script": "#!/bin/sh\nset -eu\n\necho it's\n"}],
        "x": "a: b " * 30 + "c",
    }
    assert parse(yaml.safe_dump(data)) == data
    assert parse(json.dumps(data)) == data


def test_what_people_write_passes():
    text = """\
---
# a comment: with a colon, "quotes" and {{.Param.A}}
"minimumLimaVersion": '2.0.0'
env:   # after a key
  A: a # b
  URL: http://127.0.0.1:3000/?a=b#c

  EMPTY: ""
  'B C': it's
param: {A: b, "C": 'd', URL: https://x:1/y, E: [], F: {}, }
mounts:
- location: "~"
  writable: true
-   location: /tmp
provision:
  - mode: system
    script: |   # sh
      #!/bin/sh
      cat <<-EOF
      \tindented by a tab
        more: {a: b}
      EOF

      echo done
  - script: >-
      echo
      folded
dns:
# none
networks: []
"""
    data = parse(text)
    assert data["env"] == {"A": "a", "URL": "http://127.0.0.1:3000/?a=b#c", "EMPTY": "", "B C": "it's"}
    assert data["param"] == {"A": "b", "C": "d", "URL": "https://x:1/y", "E": [], "F": {}}
    assert [entry["script"] for entry in data["provision"]] == [
        "#!/bin/sh\ncat <<-EOF\n\tindented by a tab\n  more: {a: b}\nEOF\n\necho done\n",
        "echo folded",
    ]
    assert (data["dns"], data["networks"]) == (None, [])
