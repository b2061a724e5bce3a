"""The words that open a session in the guest. Pure."""

from sysinit_vm.guest import scripts

_PLAIN = 'cd "$1" && exec "${SHELL:-/bin/sh}" -l'


def attach(session: str, root: str, directory: str, layout: str = "") -> tuple[str, ...]:
    """Return the guest argv that attaches to ``session``, or makes it at ``root`` with ``layout``.

    Where Zellij is missing it is a login shell in ``directory``. Both are absolute, of the guest; a layout is a
    name or an absolute path, empty for the project's own.
    """
    return ("sh", "-c", scripts.read("session.sh"), "sh", session, root, directory, layout)


def plain(directory: str) -> tuple[str, ...]:
    """Return the guest argv of a login shell in ``directory`` (absolute, of the guest)."""
    return ("sh", "-c", _PLAIN, "sh", directory)
