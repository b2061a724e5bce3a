from hypothesis import given
from hypothesis import strategies as st

from sysinit_vm.terminal.escaping import printable


def test_what_a_terminal_would_obey_appears_escaped():
    assert printable("a\x1b[2J\nb\u202e", 60) == "a\\x1b[2J\\nb\\u202e"


def test_a_long_text_is_cut():
    assert printable("abcdef", 6) == "abcdef"
    assert printable("abcdefg", 6) == "abcdef…"


@given(st.text(), st.integers(1, 100))
def test_any_text_becomes_one_short_line_of_printable_characters(text, longest):
    assert printable(text, longest).isprintable()
    assert len(printable(text, longest)) <= longest + 1
