"""Finished images on the disk: each build has its own time stamp, and links lead to the latest."""

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sysinit_vm.host_path import resolved

DISK = "qcow2"
_STAMP = re.compile(r"(?<=/)(sysinit-[^/\"]+)-\d{8}-\d{6}(?=\.)")


def latest_names(text: str) -> str:
    """Return ``text`` with a link to the latest for the path of each build, so that all builds of a kind look alike."""
    return _STAMP.sub(r"\1-latest", text)


@dataclass(frozen=True)
class ImageSeries:
    """Builds of one kind, such as ``sysinit-debian``: files ``NAME-STAMP.PART``, links ``NAME-latest.PART``.

    ``parts`` are the endings of one build's files; the disk comes last, because others look for it.
    """

    name: str
    parts: tuple[str, ...]

    def new_stem(self, images: Path) -> str:
        """Return the stem of a build made now (UTC), which no build in ``images`` (absolute) has yet."""
        now = datetime.now(UTC)
        while (images / f"{self._stem(now)}.{DISK}").exists():
            now += timedelta(seconds=1)
        return self._stem(now)

    def _stem(self, moment: datetime) -> str:
        return f"{self.name}-{moment:%Y%m%d-%H%M%S}"

    def publish(self, work: Path, images: Path, stem: str) -> Path:
        """Move the parts ``work/image.*`` into ``images`` under ``stem`` and make them the latest.

        ``work`` is on the same file system. If anything interrupts it, the former latest image stays complete.
        Returns the new disk's path. Raises OSError.
        """
        before = {part: self._target(images, part) for part in self.parts}
        try:
            for part in self.parts:
                _flush(work / f"image.{part}")
                (work / f"image.{part}").replace(images / f"{stem}.{part}")
            for part in self.parts:
                self._link(images, part, f"{stem}.{part}")
        except BaseException:
            for part, target in before.items():
                self._restore(images, part, target)
                (images / f"{stem}.{part}").unlink(missing_ok=True)
            raise
        return images / f"{stem}.{DISK}"

    def latest(self, images: Path) -> Path | None:
        """Return the latest image's disk (the file itself, so that its parts match), or None."""
        link = self.link(images, DISK)
        if not link.is_symlink():
            return None
        disk = resolved(link)
        return disk if all(disk.with_suffix(f".{part}").is_file() for part in self.parts) else None

    def link(self, images: Path, part: str) -> Path:
        """Return the path of the link in ``images`` to the latest ``part``; it need not exist."""
        return images / f"{self.name}-latest.{part}"

    def _target(self, images: Path, part: str) -> str | None:
        link = self.link(images, part)
        return str(link.readlink()) if link.is_symlink() else None

    def _link(self, images: Path, part: str, target: str) -> None:
        """Point the latest ``part`` at ``target`` (a name in ``images``) in one step."""
        new = images / f".{self.name}-latest.{part}"
        new.unlink(missing_ok=True)
        new.symlink_to(target)
        new.replace(self.link(images, part))

    def _restore(self, images: Path, part: str, target: str | None) -> None:
        (images / f".{self.name}-latest.{part}").unlink(missing_ok=True)
        if target is None:
            self.link(images, part).unlink(missing_ok=True)
        elif self._target(images, part) != target:
            self._link(images, part, target)


def _flush(path: Path) -> None:
    """Write the content to the disk before its name appears."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
