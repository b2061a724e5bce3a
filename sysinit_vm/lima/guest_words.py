"""How words reach the guest exactly, through the lines that limactl and the guest's login shell make of them."""

import base64
import os
import shlex
from collections.abc import Sequence


def exact(words: Sequence[str], workdir: str, marker: str) -> tuple[str, tuple[str, ...]]:
    """Return the directory and the words to give to ``limactl shell``, for ``words`` in guest directory ``workdir``.

    ``marker`` is a word to find the guest's processes by. ``sh`` stands before the words: limactl leaves the part
    before ``=`` of leading words unquoted, and a shell that reaps the child turns death by signal into 128+n. It
    outlives a Ctrl-C to tell of it. limactl quotes for a Bourne shell (2.2.0, shell.go), and the guest's login shell
    reads that: in fish a backslash means something between single quotes too, so words with one travel encoded.
    """
    script, carried = '"$@"', tuple(words)
    if any("\\" in word for word in (workdir, *words)):
        line = f"cd -- {shlex.quote(workdir)} || exit 1; {shlex.join(words)}"
        script = 'eval "$(echo $1 | base64 -d || echo exit 127)"'
        carried = (base64.b64encode(os.fsencode(line)).decode(),)
        workdir = "/"
    return workdir, ("sh", "-c", f"trap : INT QUIT TERM; {script}; exit $?", marker, *carried)
