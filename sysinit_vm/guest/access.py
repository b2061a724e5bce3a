"""The ways into a running guest: a session, a plain shell, a command."""

import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sysinit_vm import hints, lock
from sysinit_vm.errors import StateError, UsageError, VmError, typed
from sysinit_vm.guest import layouts, processes, terminal_type, whereabouts, zellij
from sysinit_vm.guest.whereabouts import Whereabouts
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.limactl import DISCONNECTED, Limactl
from sysinit_vm.lima.locks import vm_lock_file
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import modes
from sysinit_vm.terminal.console import say

_HAS_LAYOUT = 'test -f "${ZELLIJ_CONFIG_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/zellij}/layouts/$1.kdl"'
_SIGNALLED = 128  # and the number of the signal, or more: an exit status of what did not end by itself
_NOT_RUNNING = {  # what happened, what that means, and the verb to type
    Whereabouts.STOPPED: (
        "The VM {name} was stopped while this terminal was in it.",
        "Programs in it have ended. The session's tabs and panes come back.",
        "shell",
    ),
    Whereabouts.DELETED: (
        "The VM {name} was deleted while this terminal was in it.",
        "Programs in it have ended. The project's files are on this machine.",
        "list",
    ),
    Whereabouts.BUSY: (
        "The VM {name} is being stopped, restarted or deleted by another sysinit-vm command.",
        "This terminal was in it. Programs in it end with the VM.",
        "status",
    ),
    Whereabouts.SILENT: (
        "This terminal lost its connection to the VM {name}, which does not answer.",
        "It may be shutting down, or be too busy.",
        "status",
    ),
}
NOT_FOUND = 127  # of a shell: it did not find the program
_CD_ALONE = re.compile(r"cd(?:\s+[^;&|\n]+)?")
_OF_THE_SHELL = {"source", ".", "export", "alias", "unset", "ulimit", "umask"}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=", re.ASCII)


def guest_directory(instance: Instance, host: Path) -> str:
    """Return the guest directory that corresponds to the ``host`` one (absolute).

    Inside the VM's project this is the same path. Elsewhere it is the project; for a VM without a project, ``/``.
    """
    root = instance.project_dir
    return str(Project(root).corresponding(host)) if root else "/"


def layout(lima: Limactl, instance: Instance | None, project: Project, wanted: str) -> str:
    """Return the layout that ``--layout`` means; UsageError if it does not exist, before anything starts."""

    def in_guest(name: str) -> bool:
        words = ("sh", "-c", _HAS_LAYOUT, "sh", name)
        return instance is not None and instance.running and lima.run(instance.name, words, timeout=60).ok

    return layouts.find(project, wanted, in_guest)


def shell(lima: Limactl, instance: Instance, *, plain: bool = False, layout: str = "") -> int:
    """Attach the terminal to the project's Zellij session, which is made if it is missing; return the exit status.

    A new session begins at the project's root, with ``layout`` or else the project's own. A guest without Zellij gets
    this machine's. ``plain``, or a guest that cannot have it, gives a login shell in the guest directory that
    corresponds to the current one. StateError if the VM stopped meanwhile, VmError if the connection was lost.
    """
    here = guest_directory(instance, Path.cwd())
    if plain or instance.project_dir is None:
        return _lend_terminal(lima, instance, zellij.login_shell_argv(here), here)
    root = str(instance.project_dir)
    argv = zellij.attach_argv(Project(instance.project_dir).session, root, here, layout)
    status = _lend_terminal(lima, instance, argv, root)
    if status == zellij.MISSING:
        from sysinit_vm.guest import install_zellij

        if why := install_zellij.install(lima, instance):
            say(f"Zellij is not installed in this guest: {why}. Here is a login shell instead.")
            return _lend_terminal(lima, instance, zellij.login_shell_argv(here), here)
        status = _lend_terminal(lima, instance, argv, root)
    if status == DISCONNECTED:
        raise VmError(
            f"This terminal lost its connection to the VM {instance.name}, which runs.",
            detail="If the VM was restarted, programs in the session have ended, and its tabs and panes come back. "
            "Otherwise the session runs on.",
            hint=_typed(instance, "shell"),
        )
    if status == 0 and not lima.runner.dry:
        come_back, stop = (_typed(instance, verb) for verb in ("shell", "stop"))
        say(f"The VM {instance.name} runs on. Come back: {come_back}. Stop the VM: {stop}")
    return status


def _lend_terminal(lima: Limactl, instance: Instance, argv: Sequence[str], directory: str) -> int:
    """Attach the terminal to a shell or a session, and return its exit status; StateError if the VM does not run on.

    The terminal is as before if what had it was cut off.
    """
    terminal = modes.lend()
    # A forwarded agent ends with its connection, and programs in the session need it after a detach.
    lends_agent = (instance.filled.get("ssh") or {}).get("forwardAgent") is True
    words = terminal_type.told(lima.runner, argv)
    status = lima.attach(instance.name, words, directory, alone=not lends_agent)
    if status == DISCONNECTED:
        terminal.take_back()
        _require_running(instance, whereabouts.look(lima, instance.name))
    elif status != 0 and not _runs(lima, instance):
        terminal.take_back()
        _require_running(instance, Whereabouts.STOPPED)
    elif status >= _SIGNALLED:
        terminal.take_back()
    return status


def _require_running(instance: Instance, now: Whereabouts) -> None:
    """Raise StateError, which says what became of the VM that a terminal was in, unless it runs."""
    if now == Whereabouts.RUNS:
        return
    brief, detail, verb = _NOT_RUNNING[now]
    hint = "sysinit-vm list" if now == Whereabouts.DELETED else _typed(instance, verb)
    raise StateError(brief.format(name=instance.name), detail=detail, hint=hint)


def _runs(lima: Limactl, instance: Instance) -> bool:
    present = lima.instance(instance.name)
    return present is not None and present.running


def _typed(instance: Instance, verb: str) -> str:
    """The command for ``verb`` on this VM, typed in the current directory."""
    own = instance.project_dir is not None and Path.cwd().is_relative_to(instance.project_dir)
    return typed("sysinit-vm", verb, *([] if own else ["--name", instance.name]))


def has_terminal() -> bool:
    """Whether standard input and output are a terminal, which a session needs."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def require_terminal(present: Instance | None) -> None:
    """Raise UsageError without a terminal for a session. ``present`` is the VM, None if there is none yet."""
    if not has_terminal():
        first = "" if present is not None and present.running else "sysinit-vm start, then "
        raise UsageError(
            "The session needs a terminal.",
            detail="Standard input or output is not a terminal. Without a terminal, run a command in the guest.",
            hint=f'{first}sysinit-vm exec "COMMAND"',
        )


def attach_or_tell(lima: Limactl, instance: Instance) -> int:
    """Attach if there is a terminal, else say how to; return the exit status."""
    if has_terminal():
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
    if len(words) > 1 and _VARIABLE.match(words[0]):
        hint = typed("sysinit-vm", "exec", "--env", *words)
        raise UsageError(f"{words[0]} is a variable and no program.", detail="--env sets one.", hint=hint)
    if len(words) > 1 and words[0] in _OF_THE_SHELL:
        raise UsageError(
            f"{words[0]} alone does nothing: each command has a shell of its own.",
            detail="It and what needs it are one line.",
            hint=typed("sysinit-vm", "exec", f"{typed(*words)} && COMMAND"),
        )
    if line := _CD_ALONE.fullmatch(words[0] if len(words) == 1 else typed(*words)):
        raise UsageError(
            "cd alone does nothing: each command begins in the directory that corresponds to yours.",
            detail="Quote it with what is to follow: after an unquoted && this machine's own shell goes on.",
            hint=typed("sysinit-vm", "exec", f"{line[0]} && ls"),
        )
    exact = ("bash", "-c", "--", words[0]) if len(words) == 1 else tuple(words)
    return ("env", *env, *exact) if env else exact


def how_to_install(program: str) -> str:
    """Return what to do if the guest lacks the ``program`` of a command that ended with NOT_FOUND."""
    once = hints.completed("sysinit-vm exec sudo apt-get install PACKAGE")
    return (
        f"If the VM lacks {program}: `provision` in .lima/config.yaml installs it for good, "
        f"`{once}` in a Debian guest once."
    )


def execute(lima: Limactl, instance: Instance, argv: Sequence[str], *, stdin: bool = True) -> int:
    """Run ``argv`` in the guest directory that corresponds to the current one; return its own exit status.

    A process that signal n ended gives 128+n. SIGINT and SIGTERM here end the guest's process too. StateError if the VM
    was stopped meanwhile.
    """
    marker, terminal = processes.marker(), modes.lend()
    status = lima.attach(
        instance.name,
        terminal_type.told(lima.runner, argv, stdin=stdin),
        guest_directory(instance, Path.cwd()),
        stdin=stdin,
        marker=marker,
        direct=instance,
        on_interrupt=partial(processes.interrupt, lima, instance.name, marker),
    )
    if status >= _SIGNALLED:
        terminal.take_back()
    if status == DISCONNECTED and (lock.is_held(vm_lock_file(instance.name)) or not _runs(lima, instance)):
        raise StateError(
            f"The VM {instance.name} was stopped while the command ran.",
            detail="The command has ended too; how far it came is not known.",
            hint="sysinit-vm start, then the same command",
        )
    return status
