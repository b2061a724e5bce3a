"""The versions of what we install ourselves, Lima, and Zellij for the guest, and upstream's archives of exactly these.

Our locks (`locks/`) are of the same versions, for machines where both are compiled.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LIMA, ZELLIJ = "2.2.0", "0.45.1"
SUITE = "bookworm"  # the Debian of the guest, and of what is compiled for it
GITHUB = "https://github.com"
_ENOUGH_SOURCES = 2


@dataclass(frozen=True)
class Archive:
    """A gzipped tar of upstream's: its ``path`` below GITHUB, and its digest (hexadecimal).

    ``longest`` is how many bytes it has at most. ``sources`` are addresses, each of somebody else who publishes this
    digest; we have none of the archives to compute it from.
    """

    path: str
    sha256: str
    longest: int
    sources: tuple[str, ...]

    @property
    def confirmed(self) -> bool:
        """Whether a second source has the same digest; without one, the archive is not used."""
        return len(set(self.sources)) >= _ENOUGH_SOURCES


_LIMA = f"lima-vm/lima/releases/download/v{LIMA}/lima-{LIMA}-"
_ZELLIJ = f"zellij-org/zellij/releases/download/v{ZELLIJ}/zellij-"
_HERMIT = f"{GITHUB}/cashapp/hermit-packages/blob/f0517fd7532fc6adfd910cfba3ef2b4c59f662db/lima.hcl"
_NORBOTEN = (
    f"{GITHUB}/northelks/norboten/blob/8a8f05361e177e1d69ca044fddc5adf25fa6b9e7/cli/src/norboten/lima/install.py"
)
_TRIBUCKET = f"{GITHUB}/sixiang-world/tribucket/blob/357bdbd473f95525dadeb800b51fcdd34623c43a/Formula/zellij.rb"
_ASHLEY = f"{GITHUB}/LBYPatrick/ashley/blob/3d61d7f47f017214bbbf283eed2bd4262b06cb46/internal/sessions/install.go"

# By program, and by the system and the architecture (as Lima says it) that it runs on. Not Zellij's `no-web` archives,
# whose digests some publish under the names of these.
ARCHIVES: Mapping[tuple[str, str, str], Archive] = {
    ("lima", "Linux", "x86_64"): Archive(
        f"{_LIMA}Linux-x86_64.tar.gz",
        "a0ea1ccf6b7335a900adb5f8d2b8384457965fecb1ba72f09b4e3e46d12f424a",
        25_000_000,
        (_HERMIT, _NORBOTEN),
    ),
    ("lima", "Linux", "aarch64"): Archive(
        f"{_LIMA}Linux-aarch64.tar.gz",
        "7c6a09c6844f55f811e9b7b2b60a6070a512c696c8ec752dfdb3c8ed50ed0364",
        23_000_000,
        (_NORBOTEN,),  # we know no second one that has an address, so this is compiled
    ),
    ("lima", "Darwin", "x86_64"): Archive(
        f"{_LIMA}Darwin-x86_64.tar.gz",
        "0d6f99c19f6e4bc3c92730c4c29d929e6927f0cb0a0ba1a84383367135a8ff31",
        25_000_000,
        (_HERMIT, _NORBOTEN),
    ),
    ("lima", "Darwin", "aarch64"): Archive(
        f"{_LIMA}Darwin-arm64.tar.gz",
        "bbdef91774885a0d05f7b048c4eb89ae2bcf3a0c252ae7ca7934e63df76d93c3",
        38_000_000,
        (_HERMIT, _NORBOTEN),
    ),
    ("zellij", "Linux", "x86_64"): Archive(
        f"{_ZELLIJ}x86_64-unknown-linux-musl.tar.gz",
        "40bcc2e03f5d5ae8e054e39f676081fe12ab70871506996ba595834c3718eefc",
        40_000_000,
        (_TRIBUCKET, _ASHLEY),
    ),
    ("zellij", "Linux", "aarch64"): Archive(
        f"{_ZELLIJ}aarch64-unknown-linux-musl.tar.gz",
        "05f0802afadd53f8db9514e7cae53c9ae8432fed1b35b8294aa816ee3044a16b",
        40_000_000,
        (_TRIBUCKET, _ASHLEY),
    ),
}
