"""The decorator that makes a task of a function."""

import errno
import functools
import inspect
import io
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task, task

from sysinit_vm import streams
from sysinit_vm.cli.manual import Manual
from sysinit_vm.errors import UsageError, VmError
from sysinit_vm.runner import INTERRUPTED

# The same words for the same flag wherever it applies.
_HELP = {
    "project": "The project's directory; default: the nearest with .lima/config.yaml, from here upward.",
    "name": "The VM's name; default: VM_NAME, the config's own, or DIRECTORY-dev.",
    "yes": "Answer yes to every confirmation; never stands for trust.",
    "json": "Print JSON on standard output, for scripts.",
    "timeout": "Seconds to wait for the VM to be ready; default 600.",
}


class Verb(Task[Callable[..., None]]):
    """A task with its manual, whose help survives more than one parse: Invoke 3.0 takes it apart in the first."""

    manual: Manual

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the task's arguments, as Invoke does."""
        kept = dict(self.help)
        try:
            return super().get_arguments(ignore_unknown_help)
        finally:
            self.help = kept


def verb(
    called: str | None = None,
    /,
    *,
    group: str,
    examples: Iterable[str],
    exits: Iterable[int] = (),
    ends: str = "",
    word: str = "",
    usage: str = "",
    aliases: Iterable[str] = (),
    iterable: Iterable[str] = (),
    **help_: str,
) -> Callable[[Callable[..., None]], Verb]:
    """Make a task of a function: ``called`` is its name, ``help_`` its flags' texts beside the shared ones.

    ``group`` to ``usage`` are the command's own part of the manual (``sysinit_vm.cli.manual.Manual``), from which the
    overview, its help and docs/commands.md are made. What users, their files or their machine can cause ends without a
    traceback; Ctrl-C ends with 130.
    """

    def decorate(body: Callable[..., None]) -> Verb:
        flags = inspect.signature(body).parameters
        texts = {flag: text for flag, text in {**_HELP, **help_}.items() if flag in flags}
        shown = usage or (f"[{word}]" if word else "")
        manual = Manual(body.__doc__ or "", group, shown, word, tuple(examples), tuple(exits), ends)
        body.__doc__ = manual.docstring()
        options = {"aliases": tuple(aliases), "iterable": list(iterable), "auto_shortflags": False, "help": texts}
        made: Verb = task(name=called, klass=Verb, **options)(_guarded(body, called or body.__name__))
        made.manual = manual
        return made

    return decorate


def _guarded(body: Callable[..., None], name: str) -> Callable[..., None]:
    signature = inspect.signature(body)

    @functools.wraps(body)
    def run(*args: Any, **kwargs: Any) -> None:
        streams.complete()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a name may hold what the terminal cannot show
                stream.reconfigure(errors="backslashreplace")
        try:
            _refuse_empty(name, signature.bind(*args, **kwargs).arguments)
            body(*args, **kwargs)
            sys.stdout.flush()  # a full or closed output is told here, not by the interpreter at its end
        except KeyboardInterrupt as error:
            raise Exit("Interrupted: the same command goes on from here.", code=INTERRUPTED) from error
        except OSError as error:
            raise refused(error) from error

    return run


def _refuse_empty(name: str, given: Mapping[str, Any]) -> None:
    """An empty value is a variable that is not set, and must not mean what leaving the flag out means."""
    for flag, value in given.items():
        if value == "" or (isinstance(value, list) and "" in value):
            raise UsageError(
                f"--{flag.strip('_').replace('_', '-')} is empty.",
                detail="A variable that is not set looks like this. Without the flag, its default holds.",
                hint=f"sysinit-vm help {name}",
            )


def refused(error: OSError) -> Exit:
    """Return how a command ends that the system refused something.

    A reader of our output that went away, as `head` does, is no failure. What the output does not take is
    dropped, or the interpreter would try again at its end.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return Exit(code=0)
    detail = f"{error.strerror or error}: {error.filename or ''}"
    return VmError("The system refused.", detail=detail, hint="sysinit-vm help")
