"""Which directories of a Mac iCloud and its like keep: they take a file from the disk, and put it back when it is read.

A guest that reads such a file gets EDEADLK ("Resource deadlock avoided", lima#4123).
"""

from pathlib import Path

_ICLOUD = Path("Library/Mobile Documents")
_OTHERS = Path("Library/CloudStorage")  # Dropbox, Google Drive, OneDrive: one directory for each account
_SYNCED = ("Desktop", "Documents")  # that iCloud takes too if its user wants it, and then has under its own directory


def service(directory: Path, home: Path) -> str:
    """Return the name of the service that keeps ``directory``; empty if none does. Both are absolute, links resolved.

    Looks for files, and starts no process.
    """
    if directory.is_relative_to(home / _OTHERS):
        return (*directory.relative_to(home / _OTHERS).parts, "a cloud service")[0].partition("-")[0]
    if directory.is_relative_to(home / _ICLOUD):
        return "iCloud Drive"
    drive = home / _ICLOUD / "com~apple~CloudDocs"
    taken = (home / name for name in _SYNCED if (drive / name).exists())
    return "iCloud Drive" if any(directory.is_relative_to(folder) for folder in taken) else ""
