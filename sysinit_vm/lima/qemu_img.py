"""Which qemu-img limactl finds: one of ours, which looks at an image before the real one opens or resizes it.

A hostile image can name any file of this machine as its data, and Lima 2.2.0 looks only after `qemu-img info`, and only
with QEMU 8.0 or newer.
"""

import os
import shlex
import sys

from sysinit_vm import files
from sysinit_vm.executables import find, search_path
from sysinit_vm.lima import disk_image, home


def guarded_path() -> dict[str, str]:
    """Return the PATH by which limactl finds our qemu-img first; nothing if this machine has none."""
    real, own = find("qemu-img"), home.own_directory() / "bin"
    if real is None:
        return {}
    look = shlex.join([sys.executable, "-I", disk_image.__file__])
    guard, text = own / "qemu-img", f'#!/bin/sh\n{look} "$@" && exec {shlex.quote(str(real))} "$@"\n'
    if files.read_or_empty(guard) != text:
        files.write(guard, text, mode=0o755)
    return {"PATH": os.pathsep.join((str(own), search_path()))}
