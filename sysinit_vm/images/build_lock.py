"""What every build of an image needs: to be the only one, and an error if its files cannot be written."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sysinit_vm.errors import VmError, typed
from sysinit_vm.interrupts import signals_as_interrupt
from sysinit_vm.lock import held
from sysinit_vm.terminal.progress import Stages


@contextlib.contextmanager
def exclusive_build(images: Path, kind: str, stages: Stages | None = None) -> Iterator[bool]:
    """Hold the lock of one ``kind`` of build (debian, nix) in ``images`` (absolute); yield whether we had to wait.

    While we wait, that is the current one of ``stages``.

    An OSError inside becomes a VmError, which promises that the latest image is as it was. What would end the process
    is an interrupt, so that it removes what is half.
    """
    lock, waiting = images / f".sysinit-{kind}.lock", f"Waiting for another build of an image in {images} …"
    try:
        with signals_as_interrupt(), held(lock, waiting, stages, "waiting for the other build") as waited:
            yield waited
    except OSError as error:
        detail = f"{error.filename or images}: {error.strerror or error}. The latest image is as it was."
        raise VmError("The image could not be written.", detail=detail, hint=typed("df", "-h", images)) from error
