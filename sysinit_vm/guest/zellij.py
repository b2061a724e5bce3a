"""The guest commands that open a session. Pure."""

from sysinit_vm.guest import scripts

_LOGIN_SHELL = 'cd "$1" && exec "${SHELL:-/bin/sh}" -l'


def attach_argv(session: str, root: str, directory: str, layout: str = "") -> tuple[str, ...]:
    """Return the guest argv that attaches to ``session``, or makes it at ``root`` with ``layout``.

    Without Zellij it opens a login shell in ``directory``. ``root`` and ``directory`` are absolute guest paths;
    ``layout`` is a name or an absolute path, empty for the project's own.
    """
    return ("sh", "-c", scripts.read("session.sh"), "sh", session, root, directory, layout)


def login_shell_argv(directory: str) -> tuple[str, ...]:
    """Return the guest argv of a login shell in ``directory`` (an absolute guest path)."""
    return ("sh", "-c", _LOGIN_SHELL, "sh", directory)
