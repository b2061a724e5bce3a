"""Let limactl start a VM that was judged: its stages, a guest that stalls, and what QEMU really opened."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Any

from sysinit_vm.background import repeat_every
from sysinit_vm.errors import VmError, typed
from sysinit_vm.lima import disk_image, guest_console, stages
from sysinit_vm.lima.instance import Instance
from sysinit_vm.lima.instance_files import InstanceFiles
from sysinit_vm.lima.judged import JudgedInstance
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.lima.messages import Message
from sysinit_vm.runner import Result
from sysinit_vm.terminal.progress import Progress
from sysinit_vm.trust import gate

_CONSOLE_SECONDS = 5  # between two checks of the console


def up(
    lima: Limactl,
    files: InstanceFiles,
    begin: Callable[..., tuple[Result, Path | None]],
    progress: Progress,
    **how: Any,
) -> Result:
    """Start the VM by calling ``begin``. If the guest's kernel stalls during boot, start it once more.

    VmError, with the VM stopped, if QEMU may have got another directory than the one that was judged.
    QEMU 7.2 can lose an emulated CPU's timer for good: on a busy machine, in one of a few hundred boots.
    """
    began, stalled = time(), False

    def relay(message: Message) -> None:
        stage = stages.stage(message[1])
        if stage:
            progress.stage(stage)

    def end_if_stalled() -> None:
        nonlocal stalled
        with suppress(VmError, OSError):
            if not stalled and guest_console.timer_stalled(files, began):
                stalled = True
                lima.stop(files.name, force=True)

    with repeat_every(_CONSOLE_SECONDS, end_if_stalled):  # limactl would wait until its timeout
        done, exchanged = begin(relay, **how)
    if not stalled:
        _require_same(lima, files, exchanged)
        return done
    progress.stage("the guest stalled during boot: starting it once more")
    instance = lima.instance(files.name)  # the guest has run since: a directory that it can write may be a link now
    if instance is None:
        raise VmError(f"The VM {files.name} disappeared while it was starting.", hint="sysinit-vm start")
    require_own_data(instance)
    done, exchanged = start(lima, gate.passed_instance(instance, ask=False), relay, **how)
    _require_same(lima, files, exchanged)
    return done


def start(
    lima: Limactl, judged: JudgedInstance, relay: Callable[[Message], None], **how: Any
) -> tuple[Result, Path | None]:
    """Start an existing VM; return how that ended, and which mounted directory became another one meanwhile."""
    done = lima.start(judged, relay, **how)
    return done, judged.exchanged


def _require_same(lima: Limactl, files: InstanceFiles, exchanged: Path | None) -> None:
    if exchanged:
        lima.stop(files.name, force=True)
        raise VmError(
            f"The VM {files.name} is stopped: {exchanged} became another directory while it started.",
            detail="Its guest may have got a directory that nobody has allowed.",
            hint="sysinit-vm start",
        )


def require_own_data(instance: Instance) -> None:
    """VmError if QEMU would open another file of this machine for a disk, as a hostile image can say.

    It is another one, and no reason to delete the VM, if we may not read a disk, or the user has put a link there.
    """
    if denied := instance.files.denied(*disk_image.NAMES):
        raise denied
    for disk in (instance.dir / name for name in disk_image.NAMES):
        if disk.is_symlink():
            raise VmError(
                f"The VM {instance.name} is not started: {disk} is a link.",
                detail="A disk is a file in the VM's own directory.",
                hint=typed("mv", os.path.realpath(disk), disk),
            )
    why = disk_image.of_instance(instance.dir)
    if why:
        raise VmError(
            f"The VM {instance.name} is not started: its disk would be another file of this machine.",
            detail=f"{why}.",
            hint=f"sysinit-vm destroy --name {instance.name}",
        )
