"""The ways into a running guest: a session, a plain shell, a command."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sysinit_vm.errors import UsageError, typed
from sysinit_vm.guest import layouts, processes, terminal_type, zellij
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.projects.locate import guest_directory
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say

_HAS_LAYOUT = 'test -f "${ZELLIJ_CONFIG_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/zellij}/layouts/$1.kdl"'
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=", re.ASCII)


def layout(lima: Limactl, instance: Instance | None, project: Project, wanted: str) -> str:
    """Return the layout that ``--layout`` means; UsageError if it does not exist, before anything starts."""

    def in_guest(name: str) -> bool:
        words = ("sh", "-c", _HAS_LAYOUT, "sh", name)
        return instance is not None and instance.running and lima.run(instance.name, words, timeout=60).ok

    return layouts.find(project, wanted, in_guest)


def shell(lima: Limactl, instance: Instance, *, plain: bool = False, layout: str = "") -> int:
    """Attach the terminal to the project's Zellij session, which is made if it is missing; return the exit status.

    A new session begins at the project's root, with ``layout`` or else the project's own. ``plain``, or a guest without
    Zellij, gives a login shell in the guest directory that corresponds to the current one.
    """
    here = guest_directory(instance, Path.cwd())
    if plain or instance.project_dir is None:
        return lima.attach(instance.name, terminal_type.told(lima.runner, zellij.login_shell_argv(here)), here)
    project = Project(instance.project_dir)
    words = zellij.attach_argv(project.session, str(project.root), here, layout)
    return lima.attach(instance.name, terminal_type.told(lima.runner, words), str(project.root))


def attach_or_tell(lima: Limactl, instance: Instance) -> int:
    """Attach if there is a terminal, else say how to; return the exit status."""
    if prompts.can_ask():
        return shell(lima, instance)
    say(f"VM ready: {instance.name}. Attach: {typed('cd', str(instance.project_dir))} && sysinit-vm shell")
    return 0


def exec_argv(words: Sequence[str], env: Sequence[str] = ()) -> tuple[str, ...]:
    """Return what the guest runs for the ``words`` of `exec`; ``env`` holds ``NAME=VALUE`` items.

    One word is a line for the guest's bash, several are an exact argv. UsageError without words or for a bad variable.
    """
    if not words:
        raise UsageError("exec needs a command.", hint='sysinit-vm exec "make test"')
    for item in env:
        if not _VARIABLE.match(item):
            raise UsageError(f"--env takes NAME=VALUE, not {item!r}.", hint="sysinit-vm exec --env CI=1 make test")
    exact = ("bash", "-c", "--", words[0]) if len(words) == 1 else tuple(words)
    return ("env", *env, *exact) if env else exact


def execute(lima: Limactl, instance: Instance, argv: Sequence[str], *, stdin: bool = True) -> int:
    """Run ``argv`` in the guest directory that corresponds to the current one; return its own exit status.

    A process that signal n ended gives 128+n. SIGINT and SIGTERM here end the guest's process too.
    """
    marker = processes.marker()
    return lima.attach(
        instance.name,
        terminal_type.told(lima.runner, argv, stdin=stdin),
        guest_directory(instance, Path.cwd()),
        stdin=stdin,
        marker=marker,
        on_interrupt=partial(processes.interrupt, lima, instance.name, marker),
    )
