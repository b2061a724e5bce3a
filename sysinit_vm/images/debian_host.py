"""What building an image needs of the host: programs, a way to act as root, and directories for unfinished files."""

import contextlib
import getpass
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.errors import MissingError
from sysinit_vm.executables import find
from sysinit_vm.files import read_or_empty
from sysinit_vm.runner import Runner

NAMESPACE = ("--map-auto", "--map-root-user", "--setuid", "0", "--setgid", "0")


@dataclass(frozen=True)
class BuildTools:
    """The programs' absolute paths, the words that run one as (apparent) root, and mmdebstrap's temporary directory."""

    mmdebstrap: str
    qemu_img: str
    mkfs: str
    as_root: tuple[str, ...]
    temporary: Path

    @property
    def mode(self) -> str:
        """Return mmdebstrap's mode for this account."""
        return "unshare" if self.as_root else "root"


def find_tools(images: Path) -> BuildTools:
    """Find everything that a build in ``images`` needs; MissingError names all missing programs, or subordinate ids."""
    ordinary = os.geteuid() != 0
    names = ["mmdebstrap", "qemu-img", "mkfs.ext4", "tar", *(["unshare", "newuidmap"] if ordinary else [])]
    paths = {name: str(find(name) or "") for name in names}
    missing = [name for name, path in paths.items() if not path]
    if missing:
        detail = f"Missing: {', '.join(missing)}."
        raise MissingError("Programs for building an image are missing.", detail=detail, hint="sysinit-vm setup")
    if ordinary:
        _check_subordinate_ids()
    as_root = (paths["unshare"], *NAMESPACE) if ordinary else ()
    temporary = _temporary(images, ordinary)
    return BuildTools(paths["mmdebstrap"], paths["qemu-img"], paths["mkfs.ext4"], as_root, temporary)


def _temporary(images: Path, ordinary: bool) -> Path:
    """Mmdebstrap's other ids cannot enter an ordinary account's home, so it works in /var/tmp; root's can."""
    if not ordinary:
        return _work(images)
    name = hashlib.sha256(bytes(images)).hexdigest()[:12]
    return Path("/var/tmp") / f"sysinit-debian-{os.geteuid()}-{name}"  # noqa: S108  # made with mkdir, which refuses an existing one


def _check_subordinate_ids() -> None:
    account = getpass.getuser()
    for file in (Path("/etc/subuid"), Path("/etc/subgid")):
        owners = {line.partition(":")[0] for line in read_or_empty(file).splitlines()}
        if not owners & {account, str(os.geteuid())}:
            options = "--add-subuids 100000-165535 --add-subgids 100000-165535"
            raise MissingError(
                f"The account {account} has no subordinate ids.",
                detail=f"Building an image without root needs a range in {file}.",
                hint=f"sudo usermod {options} {account}",
            )


def _work(images: Path) -> Path:
    return images / ".sysinit-debian-build"


@contextlib.contextmanager
def scratch(runner: Runner, tools: BuildTools, images: Path) -> Iterator[Path]:
    """Yield an empty directory in ``images`` and make ``tools.temporary``; both are gone afterwards.

    What a killed build left there is removed first; the caller holds the lock. Raises OSError.
    """
    work = _work(images)
    directories = dict.fromkeys((work, tools.temporary))
    _remove(runner, tools, directories)
    try:
        for directory in directories:
            directory.mkdir()
            directory.chmod(0o755)
        yield work
    finally:
        _remove(runner, tools, directories)


def _remove(runner: Runner, tools: BuildTools, directories: dict[Path, None]) -> None:
    """Also remove files of the account's subordinate ids, but nothing that is still mounted below."""
    existing = [str(directory) for directory in directories if directory.exists()]
    if existing:
        runner.read([*tools.as_root, "rm", "-rf", "--one-file-system", "--", *existing])
