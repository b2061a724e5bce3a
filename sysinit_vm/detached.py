"""The only module that forks: work that goes on after the command that began it, and without its terminal."""

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from sysinit_vm import files
from sysinit_vm.errors import VmError

_BEGUN = "begun"
_LOWEST = 19  # the priority of nice(1)

Work = Callable[[Callable[[], None]], None]
"""What is done. It calls the function that it is given once it has begun; a VmError before that says why it cannot."""


def begin(work: Work, output: Path) -> None:
    """Begin ``work`` in a process that outlives this one, and return once it says that it has begun.

    A copy of this process does it, with what was loaded and agreed so far. It is in a session of its own, so neither
    Ctrl-C nor the end of the terminal reaches it. It has no input, none of our open files, / as its directory, and
    gives way to all else that wants a CPU. What is printed there is appended to the file ``output`` (absolute). The
    programs that it started end with it. VmError if it cannot be begun.
    """
    sys.stdout.flush()
    gc.collect()  # no object of ours closes a file later whose number another one has there by then
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        raise VmError("Nothing can be begun in the background.", detail=str(error.strerror)) from error
    if child == 0:
        _leave(work, output, writing)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading, encoding="utf-8", errors="replace") as answers:
        answer = answers.read()
    if answer != _BEGUN:
        raise VmError("It could not be begun in the background.", detail=answer)


def _leave(work: Work, output: Path, answers: int) -> NoReturn:
    """Become the process in the background; the one in between ends, so that nobody has to wait for ours."""
    try:
        gc.freeze()
        os.setsid()
        if os.fork() == 0:
            _redirect(output, answers)
            _do(work, answers)
    except (OSError, ValueError) as error:
        why = f"{error.filename or ''} {error.strerror or error}" if isinstance(error, OSError) else str(error)
        with contextlib.suppress(OSError), os.fdopen(answers, "w", encoding="utf-8") as stream:
            stream.write(why.strip())
    finally:
        os._exit(0)


def _redirect(output: Path, answers: int) -> None:
    os.chdir("/")
    os.setpriority(os.PRIO_PROCESS, 0, _LOWEST)
    nothing = os.open(os.devnull, os.O_RDWR)
    log = files.opened(output, "ab")
    for number, file in enumerate((nothing, log.fileno(), log.fileno())):
        os.dup2(file, number)
    for number in [int(file) for file in os.listdir("/dev/fd")]:  # noqa: PTH208  # names alone
        if number > 2 and number != answers:  # noqa: PLR2004
            with contextlib.suppress(OSError):  # the list's own is closed by now
                os.close(number)


def _do(work: Work, answers: int) -> None:
    """Do the work, and then end what is left of the programs that it started."""
    stream = os.fdopen(answers, "w", encoding="utf-8")

    def begun() -> None:
        with stream:
            stream.write(_BEGUN)

    try:
        work(begun)
    except (VmError, KeyboardInterrupt) as error:
        if isinstance(error, VmError) and not stream.closed:
            with stream:
                stream.write(f"{error.brief} {error.detail}".strip())
    except BaseException as error:  # noqa: BLE001  # a mistake of ours: nobody would see it but in the output
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
