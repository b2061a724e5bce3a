"""The link that Taskfiles include: at the same place on every machine, whatever the way sysinit-vm was installed."""

from pathlib import Path

from sysinit_vm import files
from sysinit_vm.errors import typed

LINK = ".local/share/sysinit-vm/Taskfile.yml"  # below the user's home


def link() -> Path:
    """Make the link to the shipped Taskfile, or make it current, and return its path (absolute).

    VmError if it cannot be made.
    """
    path, shipped = Path.home() / LINK, files.data("Taskfile.yml")
    if path.exists() and path.samefile(shipped):
        return path
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(shipped)
        temporary.replace(path)
    except OSError as error:
        raise files.denied("make", path, error, hint=typed("ls", "-ld", path.parent)) from error
    return path
