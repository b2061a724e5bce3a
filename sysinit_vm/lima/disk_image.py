"""What the header of a disk image says: a qcow2 image can keep its data in any other file that QEMU may open.

Lima 2.2.0 sees that only with QEMU 8.0 or newer (AcceptableAsBaseDisk). The format: QEMU's docs/interop/qcow2.rst.
As a program this file looks at each image that is named to it (``qemu_img.py``), so it imports nothing of ours.
"""

import os
import re
import stat
import sys
from pathlib import Path

_MAGIC = b"QFI\xfb"
_EXTERNAL_DATA_FILE = 1 << 2
_HEADER = 104  # bytes of version 3
_PROBED = 512  # bytes that QEMU looks at to find a format
_LONGEST_NAME = 1023
# Formats whose images name other files, which Lima takes none of, and QEMU finds by these first bytes.
_OTHER_FORMATS = (b"# Disk Descriptor", b"KDMV", b"COWD", b"QED\0", b"vhdxfile", b"conectix", b"<<< ", b"Witho")
# A description in text, of VMware's: QEMU takes comments and empty lines before it (block/vmdk.c, vmdk_probe).
_DESCRIPTION = re.compile(rb"(?:#[^\n]*\n| *\r?\n)*\s*version\s*=")
NAMES = ("disk", "image", "basedisk", "diffdisk")
"""The disks in an instance's directory (Lima 2.2.0, pkg/limatype/filenames)."""


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
        header = stream.read(_PROBED)
        if header.startswith((*_OTHER_FORMATS, b"#")) or _DESCRIPTION.match(header):
            return "it has a format that names other files"
        if not header.startswith(_MAGIC):
            return ""  # raw: it has no names in it
        offset, size = int.from_bytes(header[8:16]), int.from_bytes(header[16:20])
        if int.from_bytes(header[4:8]) > 2 and int.from_bytes(header[72:80]) & _EXTERNAL_DATA_FILE:  # noqa: PLR2004
            return "it has an external data file"
        if offset:
            stream.seek(offset)
            return f"it is based on {stream.read(min(size, _LONGEST_NAME)).decode(errors='replace')}"
    return ""


def of_instance(directory: Path) -> str:
    """Return why a disk in an instance's ``directory`` (absolute) is not all of its data, empty if each is.

    One may be based on another of the instance's own, as those that a Lima before 2.0 made.
    """
    for name in NAMES:
        why = refers_elsewhere(directory / name)
        if why and why not in {f"it is based on {base}" for own in NAMES for base in (own, directory / own)}:
            return f"{name}: {why}"
    return ""


def _refuse() -> None:
    """Exit with 1 and a message if one of the files that are named to this program refers elsewhere."""
    for word in sys.argv[1:]:
        if os.path.lexists(word) and (why := refers_elsewhere(Path(os.path.realpath(word)))):
            sys.exit(f"{word} is refused: {why}.")


if __name__ == "__main__":
    _refuse()
