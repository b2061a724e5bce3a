"""The world of the soak, which is kept between runs: its VM, the measurements so far, and all that commands leave."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from sysinit_vm import files, lock
from tests.lima.conftest import give_image
from tests.soak.judge import Cycle
from tests.worlds import VmWorld

NAME = "soak-dev"


class SoakWorld(VmWorld):
    """A world below the user's cache directory, with one project and its VM, and a temporary directory of its own."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.give_own_directories()
        self.temporary = place / "tmp"
        self.temporary.mkdir(exist_ok=True)
        self.env["TMPDIR"] = str(self.temporary)
        self.root = self.projects / "soak"
        self._records = place / "cycles.jsonl"

    def furnish(self) -> None:
        """Make what is missing: the image, and the project with its config."""
        give_image(self)
        if not (self.root / ".lima/config.yaml").exists():
            self.root.mkdir(parents=True, exist_ok=True)
            self.ok(self.root, "init", "minimal")

    def cycles(self) -> list[Cycle]:
        """Return the cycles so far."""
        lines = self._records.read_text().splitlines() if self._records.exists() else []
        return [Cycle(**json.loads(line)) for line in lines]

    def keep(self, cycle: Cycle) -> None:
        """Add a cycle to the records, whole or not at all."""
        lines = [json.dumps(vars(kept)) for kept in (*self.cycles(), cycle)]
        files.write(self._records, "\n".join(lines))


@contextmanager
def kept_world(*, fresh: bool) -> Iterator[SoakWorld]:
    """Open the kept world; a ``fresh`` one has no VM and no cycles. One run at a time has it."""
    cache = platformdirs.user_cache_path("sysinit-vm")
    place = cache / "soak"
    with lock.held(cache / "soak.lock", "Waiting for another soak to end"):
        if fresh and place.exists():
            old = SoakWorld(place)
            if (old.lima_home / NAME).exists():
                old.ok(place, "destroy", "--yes", "--name", NAME)
            shutil.rmtree(place)
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield SoakWorld(place)
