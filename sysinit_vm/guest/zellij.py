"""The guest commands that open a session. Pure."""

from sysinit_vm.guest import scripts, setup

MISSING = 97
"""The exit status of ``attach_argv`` in a guest without Zellij; no session ends with it."""

_LOGIN_SHELL = 'cd "$1" && exec "${SHELL:-/bin/sh}" -l'


def attach_argv(session: str, root: str, directory: str, layout: str = "") -> tuple[str, ...]:
    """Return the guest argv that attaches to ``session``, or makes it at ``root`` with ``layout``.

    Without Zellij it ends with MISSING at once. ``root`` and ``directory`` are absolute guest paths; ``layout`` is a
    name or an absolute path, empty for the project's own. A guest that was set up by an earlier version gets the
    present keys, which a session that runs takes up.
    """
    files = [word for path, name in setup.session_files().items() for word in (path, scripts.read(name).rstrip("\n"))]
    words = (str(MISSING), scripts.read("session.sh"), session, root, directory, layout, *files)
    return ("sh", "-c", scripts.read("attach.sh"), "sh", *words)


def login_shell_argv(directory: str) -> tuple[str, ...]:
    """Return the guest argv of a login shell in ``directory`` (an absolute guest path)."""
    return ("sh", "-c", _LOGIN_SHELL, "sh", directory)
