"""Standard streams that are always open, even if the caller has closed them."""

import os
import sys


def complete() -> None:
    """Open the null device for each standard stream that was closed before we began.

    Python sets such a stream to None, which cannot be written to; print() would use standard output instead.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  # open as long as we run
