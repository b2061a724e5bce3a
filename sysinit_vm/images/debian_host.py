"""What building an image needs of the host: programs, the right to act as root, and room for what is half-made."""

import contextlib
import getpass
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.errors import MissingError
from sysinit_vm.executables import find
from sysinit_vm.runner import Runner

NAMESPACE = ("--map-auto", "--map-root-user", "--setuid", "0", "--setgid", "0")


@dataclass(frozen=True)
class Host:
    """Absolute paths of the programs, how to run one as (an apparent) root, and mmdebstrap's temporary folder."""

    mmdebstrap: str
    qemu_img: str
    mkfs: str
    as_root: tuple[str, ...]
    temporary: Path

    @property
    def mode(self) -> str:
        """Return mmdebstrap's mode for this account."""
        return "unshare" if self.as_root else "root"


def inspect(images: Path) -> Host:
    """Find all that a build needs. Raises MissingError naming every missing program, or the subordinate ids."""
    ordinary = os.geteuid() != 0
    names = ["mmdebstrap", "qemu-img", "mkfs.ext4", "tar", *(["unshare", "newuidmap"] if ordinary else [])]
    found = {name: str(find(name) or "") for name in names}
    missing = [name for name, path in found.items() if not path]
    if missing:
        detail = f"Missing: {', '.join(missing)}."
        raise MissingError("Programs for building an image are missing.", detail=detail, hint="sysinit-vm setup")
    if ordinary:
        _check_subordinate_ids()
    as_root = (found["unshare"], *NAMESPACE) if ordinary else ()
    return Host(found["mmdebstrap"], found["qemu-img"], found["mkfs.ext4"], as_root, _temporary(images, ordinary))


def _temporary(images: Path, ordinary: bool) -> Path:
    """Mmdebstrap's other ids cannot enter an ordinary account's home, so it works beside it; root needs no other."""
    if not ordinary:
        return _work(images)
    name = hashlib.sha256(bytes(images)).hexdigest()[:12]
    return Path("/var/tmp") / f"sysinit-debian-{os.geteuid()}-{name}"  # noqa: S108  # made with mkdir, which refuses an existing one


def _check_subordinate_ids() -> None:
    account = getpass.getuser()
    for file in (Path("/etc/subuid"), Path("/etc/subgid")):
        owners = {line.partition(":")[0] for line in _lines(file)}
        if not owners & {account, str(os.geteuid())}:
            change = "--add-subuids 100000-165535 --add-subgids 100000-165535"
            raise MissingError(
                f"The account {account} has no subordinate ids.",
                detail=f"Building an image without root needs a range in {file}.",
                hint=f"sudo usermod {change} {account}",
            )


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _work(images: Path) -> Path:
    return images / ".sysinit-debian-build"


@contextlib.contextmanager
def scratch(runner: Runner, host: Host, images: Path) -> Iterator[Path]:
    """Give an empty folder in ``images`` and make ``host.temporary``; both are gone afterwards.

    What a killed build left there is removed first; the caller holds the lock. Raises OSError.
    """
    work = _work(images)
    folders = dict.fromkeys((work, host.temporary))
    _remove(runner, host, folders)
    try:
        for folder in folders:
            folder.mkdir()
            folder.chmod(0o755)
        yield work
    finally:
        _remove(runner, host, folders)


def _remove(runner: Runner, host: Host, folders: dict[Path, None]) -> None:
    """Remove files of the account's subordinate ids too, and never what is still mounted below."""
    present = [str(folder) for folder in folders if folder.exists()]
    if present:
        runner.read([*host.as_root, "rm", "-rf", "--one-file-system", "--", *present])
