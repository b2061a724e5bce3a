"""Text from elsewhere, such as a guest, a config or a file name, made safe to print on a terminal.

It is escaped where it is printed, and last: whoever removes a part of it first may join the rest to a new sequence.
"""


def escaped(text: str) -> str:
    r"""Return ``text`` with its newlines and tabs; any other character that is no text appears as its Python escape.

    Such a character would be obeyed by a terminal or turn the text around: ``\x1b``, C1, ``\u202e``, a lone surrogate.
    """
    return "".join(char if char.isprintable() or char in "\n\t" else _escape(char) for char in text)


def one_line(text: str) -> str:
    """Return ``text`` as ``escaped`` does, and with its newlines and tabs escaped too."""
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def printable(text: str, longest: int) -> str:
    """Return ``text`` as ``one_line`` does, but at most ``longest`` characters of that and then ``…``."""
    line = one_line(text[: longest + 1])
    return line if len(line) <= longest else f"{line[:longest]}…"


def _escape(char: str) -> str:
    return repr(char)[1:-1]
