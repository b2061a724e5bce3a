"""What the header of a disk image says: a qcow2 image can keep its data in any other file that QEMU may open.

Lima 2.2.0 sees that only with QEMU 8.0 or newer (AcceptableAsBaseDisk). The format: QEMU's docs/interop/qcow2.rst.
"""

import os
import stat
from pathlib import Path

_MAGIC = b"QFI\xfb"
_EXTERNAL_DATA_FILE = 1 << 2
_HEADER = 104  # bytes of version 3
_LONGEST_NAME = 1023


def refers_elsewhere(path: Path) -> str:
    """Return why the image at ``path`` (absolute) is not all of its data; empty if it is, or if there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return error.strerror or str(error)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return "it is no plain file"
        header = stream.read(_HEADER)
        if not header.startswith(_MAGIC):
            return ""  # raw: it has no names in it
        offset, size = int.from_bytes(header[8:16]), int.from_bytes(header[16:20])
        if int.from_bytes(header[4:8]) > 2 and int.from_bytes(header[72:80]) & _EXTERNAL_DATA_FILE:  # noqa: PLR2004
            return "it has an external data file"
        if offset:
            stream.seek(offset)
            return f"it is based on {stream.read(min(size, _LONGEST_NAME)).decode(errors='replace')}"
    return ""
