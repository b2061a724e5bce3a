"""The compile of the guest's Zellij: one at a time for an account, here or in the background, and visible to all.

A VM starts without Zellij, and its compile takes up to half an hour: `up` begins it in the background and goes on.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from sysinit_vm import detached, files, lock
from sysinit_vm.background import repeat_every
from sysinit_vm.errors import VmError
from sysinit_vm.escaping import one_line
from sysinit_vm.interrupts import signals_as_interrupt
from sysinit_vm.machine import run_route
from sysinit_vm.machine.compile_log import CompileLog
from sysinit_vm.machine.compile_record import CompileRecord, Outcome
from sysinit_vm.machine.compile_state import RETRY, CompileFiles, interrupts_told, is_running, state
from sysinit_vm.machine.host import Host
from sysinit_vm.machine.package_manager import Route
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.progress import Stages

_LOOK = 1.0  # seconds between looks at how far a compile is, and whether it is to stop
_STOPS_WITHIN = 30  # seconds
_LONGEST_FAILURE = 300  # characters


def begin(runner: Runner, host: Host, route: Route) -> None:
    """Begin to compile in the background, by ``route``; nothing if a compile goes on. VmError if it cannot be begun."""
    places = CompileFiles.of(host)

    def work(begun: Callable[[], None]) -> None:
        with lock.held_if_free(places.lock) as free:
            if not free:
                begun()
                return
            with _recorded(places) as recorder:
                begun()
                log = CompileLog(places.log)
                log.clear()
                run_route.run(runner, route, recorder, log.add)

    places.log.parent.mkdir(parents=True, exist_ok=True)
    detached.begin(work, places.log)


def run(runner: Runner, host: Host, route: Route, stages: Stages) -> None:
    """Compile by ``route`` here, or follow a compile that goes on; ``stages`` shows it.

    VmError if it fails or is stopped. Ctrl-C ends a compile of our own, and leaves any other.
    """
    places = CompileFiles.of(host)
    with lock.held_if_free(places.lock) as free:
        if free:
            with _recorded(places, stages) as recorder:
                run_route.run(runner, route, recorder)
            return
    follow(host, stages)


def follow(host: Host, stages: Stages) -> None:
    """Show in ``stages`` how far the compile is that another process does, until it ends; VmError if it failed.

    Ctrl-C leaves it.
    """
    with interrupts_told(host):
        while (now := state(host)) and now.running:
            stages.stage(now.record.stage or "it begins")
            stages.tell(now.record.progress)
            time.sleep(_LOOK)
    if now:
        raise VmError("Zellij is not there.", detail=f"{now.finding}.", hint=RETRY)


def stop(host: Host) -> bool:
    """Stop the compile, whoever began it, and return whether one ran; VmError if it does not end.

    It is asked to end by a file, so no process is ended by a number that another may have by now.
    """
    places = CompileFiles.of(host)
    if not is_running(host):
        return False
    files.write(places.stop, "")
    last = time.monotonic() + _STOPS_WITHIN
    while is_running(host):
        if time.monotonic() > last:
            record = CompileRecord.read(places.record)
            raise VmError(
                "The compile of Zellij does not end.",
                detail=f"It was asked to {_STOPS_WITHIN} seconds ago.",
                # it then ends as asked; it may stand still, which SIGTERM would wait for as well
                hint=f"kill -CONT {record.pid}" if record else "sysinit-vm status",
            )
        time.sleep(_LOOK / 10)
    _remove(places.stop)
    if (now := state(host)) and not now.ended:  # it was killed before it could record that
        now.record.at_end(Outcome.STOPPED).write(places.record)
    return True


class _Recorder:
    """Stages that are recorded for all, and shown in ``stages`` too if somebody waits here."""

    def __init__(self, places: CompileFiles, stages: Stages | None) -> None:
        self.record, self.asked_to_end = CompileRecord(time.time(), os.getpid()), False
        self._places, self._stages = places, stages

    def stage(self, text: str) -> None:
        """Begin a stage."""
        self.record = replace(self.record, stage=text, progress="")
        if self._stages:
            self._stages.stage(text)

    def tell(self, note: str, *, share: float | None = None) -> None:
        """Say how far the stage is."""
        self.record = replace(self.record, progress=note)
        if self._stages:
            self._stages.tell(note, share=share)

    def look(self) -> None:
        """Write what has changed or was lost, and end this process's work if somebody has asked for that."""
        record = self.record
        if CompileRecord.read(self._places.record) != record:
            with suppress(VmError):
                record.write(self._places.record)
        if self._places.stop.exists():
            with suppress(VmError):
                _remove(self._places.stop)
            self.asked_to_end = True
            os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _recorded(places: CompileFiles, stages: Stages | None = None) -> Iterator[_Recorder]:
    """Record a compile, of which we hold the lock, and how it ends; an interrupt leaves how far it was.

    Unless somebody has asked for it by the ``stop`` file: then it was stopped.
    """
    recorder = _Recorder(places, stages)
    _remove(places.stop)
    recorder.record.write(places.record)
    try:
        with signals_as_interrupt(), repeat_every(_LOOK, recorder.look):
            yield recorder
    except KeyboardInterrupt:
        if recorder.asked_to_end:
            with suppress(VmError):
                recorder.record.at_end(Outcome.STOPPED).write(places.record)
        raise
    except (VmError, OSError) as error:
        with suppress(VmError):
            recorder.record.at_end(Outcome.FAILED, _why(error)).write(places.record)
        raise
    _remove(places.record, places.log)


def _why(error: Exception) -> str:
    """Return an error in one line: its last line is what the program said last."""
    if not isinstance(error, VmError):
        return one_line(str(error))
    last = error.detail.strip().splitlines()[-1:]
    return one_line(" ".join((error.brief, *last)))[:_LONGEST_FAILURE]


def _remove(*paths: Path) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise files.denied("remove", path, error) from error
