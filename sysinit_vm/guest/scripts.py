"""The scripts and files for a guest, shipped in templates/guest."""

from functools import cache

from sysinit_vm.files import data


@cache
def read(name: str) -> str:
    """Return the text of one of them, such as ``check.sh``."""
    return (data("templates") / "guest" / name).read_text(encoding="utf-8")
