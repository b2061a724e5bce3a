import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.escaping import escaped, one_line, printable

OBEYED = [*map(chr, range(32)), "\x7f", *map(chr, range(0x80, 0xA0))]
TURNED = [*map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0x2028, 0x2029])]


@pytest.mark.parametrize("char", [*OBEYED, *TURNED, "\ud800"], ids=repr)
def test_what_a_terminal_would_obey_appears_escaped(char):
    assert one_line(f"a{char}b") == f"a{repr(char)[1:-1]}b"
    assert escaped(f"a{char}b") == (f"a{char}b" if char in "\n\t" else one_line(f"a{char}b"))


def test_letters_of_every_script_and_pictures_stay():
    text = "Grüße, Привет, 你好, مرحبا, שלום, 🙂 → …"
    assert escaped(text) == one_line(text) == text


@given(st.text())
def test_any_text_becomes_text_and_stays_so(text):
    assert one_line(text).isprintable()
    assert all(char.isprintable() or char in "\n\t" for char in escaped(text))
    assert escaped(escaped(text)) == escaped(text)
    assert escaped(text).split("\n") == [escaped(line) for line in text.split("\n")]


def test_a_long_text_is_cut():
    assert printable("abcdef", 6) == "abcdef"
    assert printable("abcdefg", 6) == "abcdef…"
    assert printable("a\x1b[2J\nb\u202e", 60) == "a\\x1b[2J\\nb\\u202e"


@given(st.text(), st.integers(1, 100))
def test_any_text_becomes_one_short_line_of_printable_characters(text, longest):
    assert printable(text, longest).isprintable()
    assert len(printable(text, longest)) <= longest + 1


@pytest.mark.parametrize("char", ["\u3164", "\u115f", "\u2800", "\ufe0f", "\u034f", "\U000e0100", "\uffa0"])
def test_what_a_terminal_shows_as_nothing_is_escaped(char):
    assert char not in escaped(f"a{char}b") + one_line(f"a{char}b")
    assert one_line(f"a{char}b").isascii()
