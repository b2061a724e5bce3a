"""The digests that we ship of what `setup` downloads from PyPI, Go's module proxy and crates.io (`locks/`)."""

from pathlib import Path

from sysinit_vm.files import data
from sysinit_vm.machine.package_manager import Command


def folder(name: str) -> Path:
    """Return the directory (absolute) of a lock of several files: ``lima`` (Go's), ``zellij`` (cargo's)."""
    return data("locks") / name


def pip_install(pip: Path, name: str) -> Command:
    """Return the command that installs the packages of a lock of pip's (``go``, ``task``) with ``pip`` (absolute).

    pip refuses a file whose hash is not in the lock. It takes ready packages only: to build one, it would fetch the
    build's own tools without hashes.
    """
    return (str(pip), "install", "--require-hashes", "--only-binary=:all:", "-r", str(folder(f"{name}.txt")))
