"""Installing a part from upstream's archive: download with a bar, verify, unpack beside the place, rename once."""

import gzip
import os
import shutil
import time
from pathlib import Path
from typing import IO, cast

from sysinit_vm import files
from sysinit_vm.archive.left_out import LeftOut
from sysinit_vm.archive.unpack import unpack
from sysinit_vm.errors import VmError
from sysinit_vm.files import denied
from sysinit_vm.machine import download
from sysinit_vm.machine.release_archives import Delivery
from sysinit_vm.terminal.progress import Stages

_MEGABYTE = 1e6


def install(delivery: Delivery, progress: Stages) -> None:
    """Install what ``delivery`` brings, in place of what is there; until the end that stays as it was.

    The errors are those of ``download.fetch``; VmError too if the archive cannot be unpacked. A download that was cut
    stays, and the next one goes on.
    """
    progress.stage("downloading")
    began, first = time.monotonic(), list[int]()

    def tell(done: int, length: int | None) -> None:
        first[:] = first or [done]  # what an earlier download brought does not count for the rate
        seconds = time.monotonic() - began
        rate = f", {(done - first[0]) / seconds / _MEGABYTE:.1f} MB/s" if seconds >= 1 else ""
        whole = length or delivery.length
        progress.tell(f"{done / _MEGABYTE:.1f} of {whole / _MEGABYTE:.1f} MB{rate}", share=min(done / whole, 1.0))

    archive = delivery.archive
    download.fetch(delivery.location, delivery.part, archive.sha256, archive.longest, tell)
    progress.stage("verified; unpacking")
    try:
        _unpack(delivery)
        _put_in_place(delivery)
    except OSError as error:
        raise denied("unpack into", delivery.final, error) from error
    finally:
        shutil.rmtree(delivery.stage, ignore_errors=True)
    delivery.part.unlink(missing_ok=True)


def _unpack(delivery: Delivery) -> None:
    """By our own rules, not by tarfile's filter: Debian 12's Python has none."""
    shutil.rmtree(delivery.stage, ignore_errors=True)
    inside, left_out = delivery.stage / delivery.inside, LeftOut()
    inside.mkdir(parents=True)
    root = os.open(inside, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with files.opened(delivery.part) as packed, gzip.open(packed) as stream:
            unpack(cast("IO[bytes]", stream), root, left_out.add)
    finally:
        os.close(root)
    for directory, _, _ in os.walk(delivery.stage):
        Path(directory).chmod(0o755)  # made for this account alone
    if left_out.count:
        raise VmError("Upstream's archive has something that is not unpacked.", detail=left_out.text())


def _put_in_place(delivery: Delivery) -> None:
    if not os.access(delivery.stage / delivery.program, os.X_OK):
        raise VmError(f"Upstream's archive has no {delivery.program} that can be run.")
    shutil.rmtree(delivery.final, ignore_errors=True)
    delivery.stage.rename(delivery.final)
