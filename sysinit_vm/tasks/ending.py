"""How a task ends: an error that users, their files, their machine or limactl can cause shows no traceback."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from invoke.exceptions import Exit

from sysinit_vm.errors import VmError
from sysinit_vm.runner import INTERRUPTED
from sysinit_vm.terminal.prompts import Cancelled


@contextmanager
def ending() -> Iterator[None]:
    """Turn VmError, OSError and Ctrl-C into Invoke's ``Exit``, which ends any entrance with a message and a status."""
    try:
        yield
        sys.stdout.flush()  # a full or closed output is an error here, not at the interpreter's exit
    except Cancelled as error:
        raise Exit("Interrupted. Nothing was changed.", code=INTERRUPTED) from error
    except KeyboardInterrupt as error:
        raise Exit("Interrupted. The same command continues from here.", code=INTERRUPTED) from error
    except VmError as error:
        raise _ended(error) from error
    except OSError as error:
        raise _refused(error) from error


def _ended(error: VmError) -> Exit:
    return Exit(error.message, code=error.exit_code)


def _refused(error: OSError) -> Exit:
    """Return how a command ends after an error of the operating system.

    If whoever reads our output went away, as `head` does, that is no failure. What cannot be written is dropped,
    because the interpreter would try to write it again at its exit.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return Exit(code=0)
    detail = f"{error.strerror or error}: {error.filename or ''}"
    return _ended(VmError("The system refused.", detail=detail, hint="sysinit-vm help"))
