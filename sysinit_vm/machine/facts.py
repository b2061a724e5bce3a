"""The facts of this machine: read once per command, never written into a committed config."""

import os
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm.executables import find
from sysinit_vm.lima import account
from sysinit_vm.lima.home import lima_home
from sysinit_vm.machine.host import Host

# Where distributions put the one that Lima can use; QEMU's own former one needs root (2.2.0).
_VIRTIOFSD = ("virtiofsd", "/usr/libexec/virtiofsd", "/usr/lib/virtiofsd")


@dataclass(frozen=True)
class Facts:
    """What belongs to this machine. ``memory`` in MiB; ``lima_home`` and ``ssh_dir`` absolute.

    ``system`` is Linux or Darwin; ``arch`` as Lima says it (x86_64, aarch64); ``ssh_dir`` is None
    if the user has none, because Lima would create a missing mount location on the host. ``virtiofsd`` says whether
    QEMU has the program for virtiofs. ``key_pairs`` is how many Lima finds in ``ssh_dir``,
    ``ssh_links`` the names there of links that lead out of it. ``uid`` is the account's as limactl sees it, and gives
    to the guest's user.
    """

    system: str
    arch: str
    cpus: int
    memory: int
    lima_home: Path
    home: Path
    ssh_dir: Path | None
    can_build_image: bool
    virtiofsd: bool = False
    key_pairs: int = 0
    ssh_links: tuple[str, ...] = ()
    uid: int = 1000


def gather() -> Facts:
    """Return this machine's facts."""
    host, ssh = Host.read(), Path.home() / ".ssh"
    return Facts(
        system=host.system,
        arch=host.arch,
        cpus=os.cpu_count() or 1,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        lima_home=lima_home(),
        home=Path.home(),
        ssh_dir=ssh if ssh.is_dir() else None,
        can_build_image=host.system == "Linux" and find("mmdebstrap") is not None,
        virtiofsd=any(find(program) for program in _VIRTIOFSD),
        key_pairs=key_pairs(),
        ssh_links=links_out_of(ssh),
        uid=account.uid(),
    )


def key_pairs() -> int:
    """Return how many key pairs Lima finds in ~/.ssh: its *.pub with a private key beside them (2.2.0, sshutil.go)."""
    return sum(public.with_suffix("").exists() for public in (Path.home() / ".ssh").glob("*.pub"))


def links_out_of(directory: Path) -> tuple[str, ...]:
    """Return the names of the links in ``directory`` that lead out of it, in order; none if it cannot be read."""
    try:
        whole = directory.resolve()
        links = [path for path in directory.iterdir() if path.is_symlink()]
        return tuple(sorted(path.name for path in links if not path.resolve().is_relative_to(whole)))
    except (OSError, RuntimeError):  # RuntimeError: a link that leads to itself
        return ()
