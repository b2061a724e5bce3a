"""LIMA_HOME: where Lima keeps its instances, and our own directory there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.errors import VmError
from sysinit_vm.lima import names
from sysinit_vm.lima.instance_files import InstanceFiles


def lima_home() -> Path:
    """Return LIMA_HOME (absolute, links resolved), which need not exist.

    VmError if the variable is not absolute, or a guest can write there.
    """
    text = _spelled()
    if not text.startswith("/"):
        raise VmError(
            f"LIMA_HOME is not an absolute path: {text}",
            detail="It would mean another place, and other VMs, in each directory.",
            hint=f'export LIMA_HOME="$HOME/{text.removeprefix("~/").removeprefix("./")}"',
        )
    return files.require_no_guest(Path(text))


def own_directory() -> Path:
    """Return our own directory below LIMA_HOME (absolute): locks, and files that limactl reads. No guest sees it.

    VmError if another account could put files into it, into LIMA_HOME, or into the user's defaults for all VMs there.
    """
    resolved = lima_home()
    own = resolved / "_sysinit-vm"
    for place in (Path(_spelled()), resolved / "_config", own / "bin"):
        files.require_private(place)
    return files.require_private(own)


def _spelled() -> str:
    """LIMA_HOME as the user has it, in which links may stand."""
    return os.environ.get("LIMA_HOME") or str(Path.home() / ".lima")


def place() -> Path:
    """Return the directory for limactl, and the host agent that it leaves: below it they look for relative paths.

    Not the current one: that is a project. limactl also leaves a config there that it refuses (2.2.0).
    """
    own = own_directory()
    return own if own.is_dir() else Path("/")


@contextmanager
def scratch() -> Iterator[Path]:
    """Make a directory of ours (absolute) that no guest sees, for files that limactl reads, and remove it afterwards.

    The system's temporary directory may be in a project: direnv sets it so.
    """
    own_directory().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=own_directory()) as place:
        yield Path(place)


def machine_config() -> bool:
    """Whether the user has defaults or overrides of their own, which Lima merges into each config (2.2.0)."""
    paths = (lima_home() / "_config" / f"{name}.yaml" for name in ("base", "default", "override"))
    return any(os.path.lexists(path) for path in paths)


def instance_files(name: str) -> InstanceFiles:
    """Return the files of the instance ``name``, which need not exist."""
    return InstanceFiles(lima_home() / name)


def instance_directories() -> list[Path]:
    """Return every directory below LIMA_HOME (absolute), by name, whether it is an instance's or not.

    VmError if we may not look.
    """
    try:
        return sorted(path for path in lima_home().iterdir() if os.path.isdir(path))  # noqa: PTH112  # is_dir raises
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise files.denied("read", lima_home(), error) from error


def all_instance_files() -> list[InstanceFiles]:
    """Return the files of every instance that Lima lists, by name, as they are on the disk now: no process is started.

    Lima lists neither a link to an instance nor, for us, a name that it does not accept (2.2.0).
    """
    own = [path for path in instance_directories() if names.is_legal(path.name) and not path.is_symlink()]
    return [instance for instance in map(InstanceFiles, own) if instance.has_config]
