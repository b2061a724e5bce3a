"""Directories of a config that another VM's guest can put another one in the place of."""

from pathlib import Path

from sysinit_vm.guest_writes import identity_at
from sysinit_vm.trust.danger import EXCHANGEABLE, Context, Danger, Level, Where
from sysinit_vm.trust.rules import Dangers, whole


def exchangeable(where: Where, path: Path, context: Context) -> Dangers:
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
