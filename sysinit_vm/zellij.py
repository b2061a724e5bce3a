"""The words that open a session in the guest. Pure."""

# In the guest: attach to the session or make it; a login shell where Zellij is missing.
_ATTACH = """
if command -v zellij >/dev/null 2>&1; then exec zellij attach --create "$1"; fi
echo "Zellij is not installed in this guest: here is a login shell instead." >&2
cd "$2" && exec "${SHELL:-/bin/sh}" -l
"""

_PLAIN = 'cd "$1" && exec "${SHELL:-/bin/sh}" -l'


def attach(session: str, directory: str) -> tuple[str, ...]:
    """Return the guest argv that attaches to ``session``; a plain shell begins in ``directory``."""
    return ("sh", "-c", _ATTACH, "sh", session, directory)


def plain(directory: str) -> tuple[str, ...]:
    """Return the guest argv of a login shell in ``directory`` (absolute, of the guest)."""
    return ("sh", "-c", _PLAIN, "sh", directory)
