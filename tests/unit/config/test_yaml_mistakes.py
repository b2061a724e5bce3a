"""What is said of YAML that a hand got wrong: our words, the line where the mistake is, that line, and what to type."""

from pathlib import Path

import pytest

from sysinit_vm.config import document
from sysinit_vm.errors import VmError


def refusal(text):
    with pytest.raises(VmError) as caught:
        document.parse(text, Path("/p/.lima/config.yaml"))
    assert caught.value.hint
    return caught.value.detail


@pytest.mark.parametrize(
    ("text", "line", "says", "excerpt"),
    [
        ('cpus: 2\nmessage: "open\nmemory: 3GiB\n', 2, 'a " is opened here and not closed', 'message: "open'),
        ("cpus: 2\nmessage: 'open\n", 2, "a ' is opened here and not closed", "message: 'open"),
        ('cpus: "2\nmemory: "4GiB"\ndisk: "9GiB"\n', 1, 'a " is opened here and not closed', 'cpus: "2'),
        ('"cpus: 2\nmemory: "4GiB"\n', 1, 'a " is opened here and not closed', '"cpus: 2'),
        ("env:\n  A: 'it's'\n", 2, "text follows a closing '", "A: 'it's'"),
        ("cpus:4\nmemory: 3GiB\n", 1, "a space is missing after the colon. Write: cpus: 4", "cpus:4"),
        ("memory: 3GiB\ncpus:4\n", 2, "a space is missing after the colon. Write: cpus: 4", "cpus:4"),
        ("env:\n  A:b\n  C: d\n", 2, "a space is missing after the colon. Write: A: b", "A:b"),
        ("# x\ncpus = 4\nmemory: 3GiB\n", 2, "a colon and a space belong after a key. Write: cpus: 4", "cpus = 4"),
        ("cpus 4\nmemory: 3GiB\n", 1, "a colon and a space belong after a key. Write: cpus: 4", "cpus 4"),
        ("cpus\nmemory: 3GiB\n", 1, "a colon and a space belong after a key", "cpus"),
        ("cpus: 1\n  memory: 2\n", 2, "indented further than the line above", "memory: 2"),
        ("ssh:\n    a: 1\n  b: 2\n", 3, "indented by 2 spaces, which fits no line above; 4 would", "b: 2"),
        ("mounts:\n- a: b\n c: d\n", 3, "indented by 1 space, which fits no line above; 2 would", "c: d"),
        ("env:\n  URL: a: b\n", 2, 'text with a colon and a space needs quotes. Write: URL: "a: b"', "URL: a: b"),
        ("env:\n  A: @b\n", 2, 'text cannot begin with @. Write: A: "@b"', "A: @b"),
        ("env:\n  A: %b\n", 2, 'text cannot begin with %. Write: A: "%b"', "A: %b"),
        ("env:\n  A: `b`\n", 2, 'text cannot begin with `. Write: A: "`b`"', "A: `b`"),
        ("cpus: 1\nimages: [{a: b}\n", 2, "a [ is opened here and not closed", "images: [{a: b}"),
        ("cpus: 1\nssh: {a: b\n", 2, "a { is opened here and not closed", "ssh: {a: b"),
        ("cpus: [2\nmemory: 3GiB\n", 1, "a [ is opened here and not closed", "cpus: [2"),
    ],
)
def test_a_mistake_is_named_where_it_was_made(text, line, says, excerpt):
    first, *rest = refusal(text).splitlines()
    assert first.startswith(f"Line {line}: ")
    assert says in first
    assert first.endswith(".") is ("Write: " not in first)  # a full stop would be written too
    assert rest == [f"    {excerpt}"]


def test_the_line_is_shown_escaped_and_not_whole_if_it_is_long():
    shown = refusal(f"cpus:4\x85{'x' * 500}\nmemory: 1\n".replace("\x85", "\u202e")).splitlines()[-1]
    assert "\u202e" not in shown
    assert "\\u202e" in shown
    assert len(shown) < 120


@pytest.mark.parametrize(
    "text",
    [
        '"a": "b"\n  c: "d\n e": f\n',
        "[\n",
        "}\n",
        ": : :\n",
        "- - a\n b\n",
        "'",
        '"\n"\n"',
        "a: 'b\n\n\n",
        "a: |x\n b\n",
        "a: !!\n",
        "a: &\n",
        "\\x\n",
        'a: "\\q"\n',
        'a: "\\UFFFFFFFF\x85"\n',
        'a: "\\U00FFFFFF\x85"\n',
        'a: !!null\n  "\\UFFFFFFFF"',
        f"%YAML {'9' * 5000}.1\n--- a\n\x85",
        "a: >\n\t\n",
        "{a: b}}\n",
        "? a\n",
        "%YAML\n",
        "key with spaces\n  x: y\n",
    ],
)
def test_any_other_text_has_a_reason_too(text):
    assert refusal(text)
