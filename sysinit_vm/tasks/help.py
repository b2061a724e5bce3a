"""The overview, and the help of one task."""

import difflib
import inspect
from collections.abc import Iterable

from invoke.collection import Collection
from invoke.context import Context
from invoke.parser.context import ParserContext

from sysinit_vm.errors import UsageError
from sysinit_vm.tasks.verb import verb

OVERVIEW = """\
sysinit-vm - Manage project-scoped Lima development VMs

Usage: sysinit-vm <command> [options]

Life:
  up                Do all that is missing, then attach
  init [template]   Write .lima/config.yaml (templates: {templates})
  start             Start the project VM
  stop              Stop the project VM; --all: every one that runs
  restart           Stop, then start
  destroy (rm)      Permanently delete the VM

Access:
  shell (sh)        Connect to the VM's Zellij session, starting the VM if need be
  exec <cmd>        Run a command in the VM
  copy <src> <dst>  Copy files and directories; :PATH is the guest's
  open              Open the project in VS Code, Cursor, Zed or JetBrains Gateway
  ssh-config        Let `ssh VM` reach every project's VM from anywhere

Look:
  status (st)       Show the project's VM
  list (ls)         Show every project VM on this machine, and what it takes
  ports             Show the VM's ports: host port, URL, guest process, state
  logs              Show what host agent, console and provisioning said

Change:
  adopt             Take over the VM of a moved project, or one made without us
  prune             Remove VMs without a project, half-made ones, and old images
  plan              Show how the VM differs from what the config gives it now
  apply             Make it so: live, by a restart, or anew if you say so
  trust             Show what the config can do to this machine, and allow it

Machine:
  setup             Obtain what the machine lacks
  doctor            Examine machine, project and VM, and name what mends each
  completion <sh>   Print completion for bash, zsh or fish
  taskfile          Print the path of the Taskfile that others include
  build.debian      Build the Debian guest image

More: sysinit-vm help <command>; the same as `inv lima.<command>` and `task lima:<command>`.

Environment:
  VM_NAME           Override the VM's name (default: <project-name>-dev)
  LIMA_HOME         Where Lima keeps its VMs (default: ~/.lima)
  SYSINIT_VM_*      Settings: TIMEOUT (seconds), ACCELERATOR (auto, kvm, tcg), MIRROR, STRICT_PORTS, EDITOR,
                    GUEST_DIRS

Examples:
  cd ~/projects/myapp
  sysinit-vm init
  sysinit-vm start
  sysinit-vm shell

  sysinit-vm exec "make test"
  sysinit-vm copy :/var/log/syslog .
  sysinit-vm destroy

Exit status: 0 done, 1 failed, 2 usage, 3 no config, 4 VM not in the state needed, 5 not confirmed,
6 something is missing on the machine, 130 interrupted; exec gives the guest command's own.

Notes:
  - Ctrl+A then D detaches from the session; `shell` attaches to the same one again
  - Ctrl+A then v or s splits, h j k l moves, w closes, f fills the screen, t and 1-6 are tabs
  - The project directory is mounted at the same path in the VM
  - SSH keys are mounted read-only from ~/.ssh, unless init was told --ssh agent or none
"""

_PLAIN = {
    "init": " [template]",
    "exec": " <command> [word ...]",
    "copy": " <source> ... <goal>",
    "logs": " [source]",
    "help": " [command]",
    "completion": " [shell]",
}


@verb("help", topic="The command to explain; the console script also takes it as a plain word.")
def help_(_c: Context, topic: str | None = None) -> None:
    """Show the overview, or one command's help."""
    from sysinit_vm import render
    from sysinit_vm.tasks import ns

    print(OVERVIEW.format(templates=", ".join(render.names())) if topic is None else of_task(ns, topic), end="")


def of_task(collection: Collection, name: str) -> str:
    """Return the help of one task of ``collection``; UsageError with a did-you-mean for an unknown one."""
    contexts = {str(context.name): context for context in collection.to_contexts()}
    found = next((each for each in contexts.values() if name in {each.name, *each.aliases}), None)
    if found is None:
        raise unknown(name, contexts)
    doc = inspect.getdoc(collection[found.name]) or ""
    flags = found.help_tuples()
    width = max((len(flag) for flag, _ in flags), default=0)
    shown = "\n".join(f"  {flag:<{width}}  {text}".rstrip() for flag, text in flags)
    also = f" (also: {', '.join(found.aliases)})" if found.aliases else ""
    usage = f"Usage: sysinit-vm {found.name} [options]{_words(found)}{also}"
    return f"{usage}\n\n{doc}\n" + (f"\nOptions:\n{shown}\n" if flags else "")


def _words(context: ParserContext) -> str:
    return _PLAIN.get(str(context.name), "")


def unknown(name: str, known: Iterable[str]) -> UsageError:
    """Return the error for an unknown command, with the nearest known one."""
    near = nearest(name, known)
    return UsageError(
        f"Unknown command: {name}.",
        detail=f"Did you mean {near}?" if near else "",
        hint=f"sysinit-vm {near}" if near else "sysinit-vm help",
    )


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that ``word`` most resembles, empty where none does."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), "")
