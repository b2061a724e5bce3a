"""Standard streams that are there, whatever the caller has closed."""

import os
import sys
from pathlib import Path


def complete() -> None:
    """Open the null device in place of each standard stream that was closed before we began.

    Python has None there, which cannot be written to, and for which print() takes standard output.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # for as long as we run
