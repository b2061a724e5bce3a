"""What one VM's guest can lead elsewhere for another VM: a directory that is mounted, a socket or file in use."""

from pathlib import Path

from sysinit_vm.guest_writes import identity_at, ways
from sysinit_vm.trust.danger import EXCHANGEABLE, Context, Danger, Level, Where
from sysinit_vm.trust.rules import Dangers, whole


def dangers(where: Where, path: Path, context: Context, *, can_write: bool) -> Dangers:
    """What another VM's guest can do to the mount of ``path`` (absolute, links resolved), and this one's to others."""
    yield from _exchangeable(where, path, context)
    if can_write:
        yield from _leads_others(where, path, context)


def _exchangeable(where: Where, path: Path, context: Context) -> Dangers:
    """A directory below one that another guest can write: that guest can lead it elsewhere as the VM starts."""
    moved = {written.identity: name for name, written in context.written}
    now = [(moved.get(identity_at(parent), ""), parent) for parent in path.parents] if moved else []
    elsewhere = [(name, parent) for name, parent in now if name and (name, parent) not in context.guests]
    for name, directory in (*context.guests, *elsewhere):
        if path != directory and path.is_relative_to(directory):
            words = (
                f"is in {whole(str(directory))}, which the guest of {name} can write: that guest can let this VM's "
                "guest write any directory of this machine instead"
            )
            yield Danger(Level.RUNS, where, words, {"means": str(path), EXCHANGEABLE: name})


def _leads_others(where: Where, path: Path, context: Context) -> Dangers:
    """A directory that the guest can write, in or through which another VM, which may run now, uses something."""
    for name, used in context.used:
        if any(place.is_relative_to(path) for place in ways(used)):
            words = (
                f"lets the guest lead to any file or socket of this machine what is at {whole(str(used))}, "
                f"which the VM {name} uses"
            )
            yield Danger(Level.RUNS, where, words, {"means": str(used), EXCHANGEABLE: name})
