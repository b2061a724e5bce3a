"""The decorator that turns a function into a task."""

import functools
import inspect
import io
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from invoke.parser.argument import Argument
from invoke.tasks import Task, task

from sysinit_vm import hints, streams, user_account
from sysinit_vm.cli.manual import Manual
from sysinit_vm.errors import UsageError
from sysinit_vm.tasks.ending import ending

# What the flags that many verbs share mean, the same for all.
_HELP = {
    "project": "The project's directory; default: the nearest with .lima/config.yaml, here or above.",
    "name": "The VM's name; default: VM_NAME, the config's own, or DIRECTORY-dev.",
    "yes": "Answer yes to every confirmation; it never grants trust.",
    "json": "Print JSON on standard output, for scripts.",
    "timeout": "Seconds to wait for the VM to be ready; default 600.",
}


class Verb(Task[Callable[..., None]]):
    """A task with its manual, whose help survives more than one parse: Invoke 3.0 empties it in the first."""

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
    """Turn a function into a task. ``called`` is the task's name if the function's is another.

    ``group`` to ``usage`` are the command's part of the manual (``sysinit_vm.cli.manual.Manual``), from which the
    overview, the command's help and docs/commands.md are made; ``help_`` has the texts of its own flags. Errors that
    users, their files or their machine can cause end the task without a traceback; Ctrl-C ends it with 130.
    """

    def decorate(body: Callable[..., None]) -> Verb:
        flags = inspect.signature(body).parameters
        texts = {flag: text for flag, text in {**_HELP, **help_}.items() if flag in flags}
        words = usage or (f"[{word}]" if word else "")
        manual = Manual(body.__doc__ or "", group, words, word, tuple(examples), tuple(exits), ends)
        body.__doc__ = manual.docstring()
        options = {"aliases": tuple(aliases), "iterable": list(iterable), "auto_shortflags": False, "help": texts}
        decorated: Verb = task(name=called, klass=Verb, **options)(_guarded(body, called or body.__name__))
        decorated.manual = manual
        return decorated

    return decorate


def _guarded(body: Callable[..., None], name: str) -> Callable[..., None]:
    signature = inspect.signature(body)
    defaults = {flag: parameter.default for flag, parameter in signature.parameters.items()}

    @functools.wraps(body)
    def run(*args: Any, **kwargs: Any) -> None:
        arguments = signature.bind(*args, **kwargs).arguments
        options = {flag.strip("_"): value for flag, value in arguments.items() if value != defaults[flag]}
        streams.complete()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # the terminal may not have every character of a name
                stream.reconfigure(errors="backslashreplace")
        with hints.typing(name, options), ending():
            _refuse_empty(name, arguments)
            user_account.require_home()
            body(*args, **kwargs)

    return run


def _refuse_empty(name: str, arguments: Mapping[str, Any]) -> None:
    """Raise UsageError for an empty value: it comes from an unset variable, and is not the same as no flag."""
    for flag, value in arguments.items():
        if value == "" or (isinstance(value, list) and "" in value):
            raise UsageError(
                f"--{flag.strip('_').replace('_', '-')} is empty.",
                detail="An unset variable looks like this. Leave out the flag to get its default.",
                hint=f"sysinit-vm help {name}",
            )
