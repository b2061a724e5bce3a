"""What building an image needs of the host: programs, a way to act as root, and directories for unfinished files."""

import contextlib
import getpass
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.errors import MissingError
from sysinit_vm.executables import find
from sysinit_vm.files import read_or_empty
from sysinit_vm.runner import Runner

NAMESPACE = ("--map-auto", "--map-root-user", "--setuid", "0", "--setgid", "0")
_SYSCTLS = Path("/proc/sys")
_REFUSING = {  # the value that forbids namespaces, and one that allows them
    "kernel.apparmor_restrict_unprivileged_userns": ("1", "0"),  # Ubuntu 24.04
    "kernel.unprivileged_userns_clone": ("0", "1"),  # Debian 10
    "user.max_user_namespaces": ("0", "15000"),
}
_SHARED = Path("/var/tmp")  # noqa: S108  # only for new directories with names that cannot be foreseen


@dataclass(frozen=True)
class BuildTools:
    """The programs' absolute paths, and the words that run one as (apparent) root."""

    mmdebstrap: str
    qemu_img: str
    mkfs: str
    as_root: tuple[str, ...]

    @property
    def mode(self) -> str:
        """Return mmdebstrap's mode for this account."""
        return "unshare" if self.as_root else "root"


@dataclass(frozen=True)
class Scratch:
    """A build's directories for unfinished files (absolute): its own, and mmdebstrap's, which may be the same."""

    work: Path
    temporary: Path


def find_tools(runner: Runner) -> BuildTools:
    """Find everything that a build needs; MissingError names all missing programs, or what the account may not do."""
    ordinary = os.geteuid() != 0
    names = ["mmdebstrap", "qemu-img", "mkfs.ext4", "tar", *(["unshare", "newuidmap"] if ordinary else [])]
    paths = {name: str(find(name) or "") for name in names}
    missing = [name for name, path in paths.items() if not path]
    if missing:
        detail = f"Missing: {', '.join(missing)}."
        raise MissingError("Programs for building an image are missing.", detail=detail, hint="sysinit-vm setup")
    if ordinary:
        _check_subordinate_ids()
        _check_namespaces(runner, paths["unshare"])
    as_root = (paths["unshare"], *NAMESPACE) if ordinary else ()
    return BuildTools(paths["mmdebstrap"], paths["qemu-img"], paths["mkfs.ext4"], as_root)


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


def _check_namespaces(runner: Runner, unshare: str) -> None:
    done = runner.read([unshare, "--user", "--map-root-user", "true"], timeout=10)
    if not done.ok:
        values = {name: read_or_empty(_SYSCTLS / name.replace(".", "/")).strip() for name in _REFUSING}
        allowing = [f"{name}={value}" for name, (refusing, value) in _REFUSING.items() if values[name] == refusing]
        raise MissingError(
            f"The account {getpass.getuser()} may not create user namespaces.",
            detail=f"Building an image without root needs them. {done.err}",
            hint=f"sudo sysctl -w {' '.join(allowing)}" if allowing else "sysctl -a --pattern userns",
        )


@contextlib.contextmanager
def scratch(runner: Runner, tools: BuildTools, images: Path) -> Iterator[Scratch]:
    """Yield two new, empty directories, one of them in ``images``; both are gone afterwards.

    What a killed build left there is removed first; the caller holds the lock. Raises OSError.

    The other is in /var/tmp for an ordinary account, because mmdebstrap's other ids cannot enter its home. Everybody
    can write there, so its name cannot be foreseen, and what another account made is left alone.
    """
    work, prefix = images / ".sysinit-debian-build", f"sysinit-debian-{hashlib.sha256(bytes(images)).hexdigest()[:12]}-"
    _remove(runner, tools, [work, *filter(_is_ours, _SHARED.glob(f"{prefix}*"))])
    directories = [work]
    try:
        work.mkdir()
        if tools.as_root:
            directories.append(Path(tempfile.mkdtemp(prefix=prefix, dir=_SHARED)))
        for directory in directories:
            directory.chmod(0o755)
        yield Scratch(work, directories[-1])
    finally:
        _remove(runner, tools, directories)


def _is_ours(path: Path) -> bool:
    with contextlib.suppress(OSError):
        status = path.lstat()
        return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return False


def _remove(runner: Runner, tools: BuildTools, directories: Iterable[Path]) -> None:
    """Also remove files of the account's subordinate ids, but nothing that is still mounted below."""
    existing = [str(directory) for directory in directories if directory.exists()]
    if existing:
        runner.read([*tools.as_root, "rm", "-rf", "--one-file-system", "--", *existing])
