"""Text from elsewhere, such as a guest, a config or a file name, made safe to print on a terminal.

It is escaped where it is printed, and last: whoever removes a part of it first may join the rest to a new sequence.
"""

# Characters that Python calls printable and a terminal shows as nothing (Unicode's Default_Ignorable_Code_Point), and
# the blank pattern of Braille.
_INVISIBLE = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, 0xFFA0))
) | frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))


def escaped(text: str) -> str:
    r"""Return ``text`` with its newlines and tabs; any other character that is no text appears as its Python escape.

    Such a character would be obeyed by a terminal or turn the text around: ``\x1b``, C1, ``\u202e``, a lone surrogate.
    """
    return "".join(char if _visible(char) or char in "\n\t" else _escape(char) for char in text)


def one_line(text: str) -> str:
    """Return ``text`` as ``escaped`` does, and with its newlines and tabs escaped too."""
    return "".join(char if _visible(char) else _escape(char) for char in text)


def printable(text: str, longest: int) -> str:
    """Return ``text`` as ``one_line`` does, but at most ``longest`` characters of that and then ``…``."""
    line = one_line(text[: longest + 1])
    return line if len(line) <= longest else f"{line[:longest]}…"


def _visible(char: str) -> bool:
    return char.isprintable() and char not in _INVISIBLE


def _escape(char: str) -> str:
    return ascii(char)[1:-1] if char in _INVISIBLE else repr(char)[1:-1]
