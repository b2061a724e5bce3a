"""Standard streams that are always open, even if the caller has closed them."""

import os
import sys
from pathlib import Path


def complete() -> None:
    """Open the null device for each standard stream that was closed before we began.

    Python sets such a stream to None, which cannot be written to; print() would use standard output instead.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # open as long as we run
