"""The collection: every verb listed by hand, in the order of the help, and loaded when it is used."""

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection

from sysinit_vm import hints
from sysinit_vm.cli import index

if TYPE_CHECKING:
    from sysinit_vm.tasks.verb import Verb

    ns: Collection

VERBS = (
    *("up", "init", "start", "stop", "restart", "destroy", "adopt", "prune"),
    *("shell", "exec", "copy", "open", "ssh-config"),
    *("status", "list", "logs", "ports", "plan", "apply", "trust"),
    *("sync", "rebuild", "setup", "doctor", "completion", "taskfile", "help"),
    *("build.dev", "build.minimal", "build.debian"),
)


for _command in index.read().commands.values():
    hints.register(_command.name, {flag.name.replace("-", "_") for flag in _command.flags.values()})


def collection(verbs: Iterable[str] = VERBS) -> Collection:
    """Return the collection of ``verbs``, which loads their modules and no others."""
    whole, groups = Collection("lima"), dict[str, Collection]()
    for name in verbs:
        group, _, _ = name.rpartition(".")
        place = groups.setdefault(group, Collection(group)) if group else whole
        place.add_task(task(name))
    for inner in groups.values():
        whole.add_collection(inner)
    return whole


def task(name: str) -> "Verb":
    """Return the task of one of VERBS, which is in the module of its name; a ``_`` may end the function's."""
    place = name.replace(".", "_").replace("-", "_")
    names = vars(import_module(f"{__name__}.{place}"))
    verb: Verb = names.get(f"{place}_") or names[place]
    return verb


def __getattr__(name: str) -> Any:
    """Load the whole collection, ``ns``, on first use."""
    if name == "ns":
        globals()["ns"] = collection()
        return globals()["ns"]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
