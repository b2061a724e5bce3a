"""Text from elsewhere, such as a config, made safe to print on a terminal."""


def printable(text: str, longest: int) -> str:
    r"""Return ``text`` as one line of printable characters, at most ``longest`` of them and then ``…``.

    A character that a terminal would obey appears as its Python escape, such as ``\x1b``.
    """
    line = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return line if len(line) <= longest else f"{line[:longest]}…"
