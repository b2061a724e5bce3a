"""Names of Debian packages, such as ``ripgrep libpq-dev``."""

import re

from sysinit_vm.errors import UsageError

# debian-policy, 5.6.1. apt takes a last `-` for a removal.
_LEGAL = re.compile(r"[a-z0-9][a-z0-9.+-]*[a-z0-9.+]", re.ASCII)


def parse(value: object, source: str) -> list[str]:
    """Return the names in a setting's text (separated by spaces) or list, sorted, each once.

    UsageError names ``source`` and the one that is no package's name.
    """
    words = map(str, value) if isinstance(value, list) else str(value).split()
    names = sorted(set(words))
    for name in names:
        if not _LEGAL.fullmatch(name):
            raise UsageError(
                f"{source} cannot have {name!r}.",
                detail="A Debian package's name has lower case letters, digits and + - . only; no version, no archive.",
                hint='SYSINIT_VM_PACKAGES="ripgrep libpq-dev" sysinit-vm build.debian',
            )
    return names
