"""Our locks for what Lima does not lock: a VM, and the choice of host ports."""

from contextlib import AbstractContextManager
from pathlib import Path

from sysinit_vm import lock
from sysinit_vm.lima.home import own_directory


def vm_lock_file(name: str) -> Path:
    """Return the lock file of the VM ``name`` (absolute), which need not exist."""
    return own_directory() / f"{name}.lock"


def vm_lock(name: str) -> AbstractContextManager[bool]:
    """Hold the VM's lock. Lima has none, and two starts at once corrupt its logs (2.2.0)."""
    return lock.held(vm_lock_file(name), f"Waiting for another sysinit-vm command that is using {name} …")


def ports_lock_file() -> Path:
    """Return the lock file of the choice of host ports (absolute): under a name that no VM can have."""
    return own_directory() / "_ports.lock"


def ports_lock() -> AbstractContextManager[bool]:
    """Hold the lock of the host ports, until other starts can see the chosen ones."""
    return lock.held(ports_lock_file(), "Waiting for another sysinit-vm command that is choosing host ports …")
