"""Upstream's archives of Lima and of the guest's Zellij: which one this machine takes, and whether it can be had."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sysinit_vm.config.mirror import without_login
from sysinit_vm.machine import download
from sysinit_vm.machine.download import Answer
from sysinit_vm.machine.host import Host
from sysinit_vm.machine.pinned_versions import ARCHIVES, GITHUB, Archive


@dataclass(frozen=True)
class Delivery:
    """An archive on its way to this machine; the paths are absolute.

    ``location`` is a URL, which may have a login, or a path. ``part`` is what is downloaded of it so far. It is
    unpacked ``inside`` a directory (relative) of ``stage``, which is renamed to ``final`` if it has the ``program``
    (relative). ``length`` is in bytes.
    """

    archive: Archive
    location: str = field(repr=False)
    length: int
    part: Path
    stage: Path
    final: Path
    inside: str
    program: str

    @property
    def steps(self) -> tuple[str, ...]:
        """What is done, one line for each step, without a login."""
        return (
            f"Download {without_login(self.location)}",
            f"Stop unless its SHA-256 is {self.archive.sha256}",
            f"Unpack it into {self.final}",
        )

    def data(self) -> dict[str, Any]:
        """Return plain data for JSON, without a login."""
        location = without_login(self.location)
        return {
            "location": location,
            "sha256": self.archive.sha256,
            "length": self.length,
            "directory": str(self.final),
        }


class Releases:
    """What `setup` takes instead of compiling. Each archive is asked for once.

    ``mirror`` is the setting `github_mirror`. If ``compiling``, nothing is taken; unless ``asking``, every archive is
    believed to be there, and no host is asked.
    """

    def __init__(self, mirror: str = "", *, compiling: bool = False, asking: bool = True) -> None:
        self._base, self._compiling, self._asking = mirror or GITHUB, compiling, asking
        self._answers = dict[str, Answer]()

    def lima(self, host: Host) -> tuple[Delivery | None, str]:
        """Return Lima's archive for this machine, or None and why it is not taken; no reason if none was wanted."""
        return self._delivery(host, ("lima", host.system, host.arch), host.limactl.parents[1], "")

    def zellij(self, host: Host) -> tuple[Delivery | None, str]:
        """As ``lima``, for a guest of this machine's architecture."""
        return self._delivery(host, ("zellij", "Linux", host.arch), host.zellij.parents[1], "bin")

    def _delivery(
        self, host: Host, kind: tuple[str, str, str], final: Path, inside: str
    ) -> tuple[Delivery | None, str]:
        if self._compiling:
            return None, ""
        archive = ARCHIVES.get(kind)
        if not archive:
            return None, f"no archive of upstream's is known for {kind[1]} on {kind[2]}"
        if not archive.confirmed:
            return None, "the digest of upstream's archive has no second source"
        location = f"{self._base}/{archive.path}"
        answer = self._answer(location)
        if answer.obstacle:
            return None, answer.obstacle
        length = min(answer.length or archive.longest, archive.longest)
        part = host.cache / "downloads" / f"{archive.sha256}.part"
        stage = final.with_name(f".{final.name}.partial")
        program = "bin/limactl" if kind[0] == "lima" else "bin/zellij"
        return Delivery(archive, location, length, part, stage, final, inside, program), ""

    def _answer(self, location: str) -> Answer:
        if not self._asking:
            return Answer()
        silent = next((answer for answer in self._answers.values() if answer.silent), None)
        if location not in self._answers:
            self._answers[location] = silent or download.ask(location)
        return self._answers[location]


COMPILED = Releases(compiling=True)
"""No archive of upstream's at all."""
