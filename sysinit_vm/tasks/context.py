"""What every task shares: its decorator, and the way from Invoke's context to our own objects."""

import errno
import functools
import inspect
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

from sysinit_vm import finders, obtain, settings
from sysinit_vm.errors import MissingError, VmError
from sysinit_vm.host import Host
from sysinit_vm.lifecycle import Wish
from sysinit_vm.limactl import Limactl
from sysinit_vm.progress import Progress
from sysinit_vm.runner import INTERRUPTED, Runner

# The same words for the same flag wherever it applies.
_HELP = {
    "project": "The project's directory; default: the nearest with .lima/config.yaml, from here upward.",
    "name": "The VM's name; default: VM_NAME, the config's own, or DIRECTORY-dev.",
    "yes": "Answer yes to every confirmation; never stands for trust.",
    "json": "Print JSON on standard output, for scripts.",
    "timeout": "Seconds to wait for the VM to be ready; default 600.",
}


def verb(
    name: str | None = None, *, aliases: Iterable[str] = (), iterable: Iterable[str] = (), **help_: str
) -> Callable[[Callable[..., None]], Any]:
    """Make a task of a function, with the shared flags explained.

    What users, their files or their machine can cause ends without a traceback; Ctrl-C ends with 130.
    """

    def decorate(body: Callable[..., None]) -> Any:
        flags = inspect.signature(body).parameters
        texts = {flag: text for flag, text in {**_HELP, **help_}.items() if flag in flags}
        make = task(name=name, aliases=tuple(aliases), iterable=list(iterable), auto_shortflags=False, help=texts)
        return make(_guarded(body))

    return decorate


def _guarded(body: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(body)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            body(*args, **kwargs)
        except KeyboardInterrupt as error:
            raise Exit("Interrupted: the same command goes on from here.", code=INTERRUPTED) from error
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise Exit(code=0) from error
            raise VmError(
                "The system refused.",
                detail=f"{error.strerror or error}: {error.filename or ''}",
                hint="sysinit-vm help",
            ) from error

    return run


def runner(c: Context) -> Runner:
    """Return the process starter, which honours Invoke's ``--dry`` and ``--echo``."""
    return Runner(dry=bool(c.config.run.dry), echo=bool(c.config.run.echo))


def lima(c: Context) -> Limactl:
    """Return limactl; MissingError (exit 6) where this machine has none."""
    found = finders.find_limactl()
    if found is None:
        raise MissingError(
            "limactl was not found.",
            detail="It starts and stops the VMs: https://lima-vm.io.",
            hint="sysinit-vm setup",
        )
    return Limactl(runner(c), found)


def lima_if_found(c: Context) -> Limactl | None:
    """Return limactl, None where this machine cannot run one: for what only looks."""
    try:
        return lima(c)
    except MissingError:
        return None


def prepare_machine(c: Context, *, yes: bool) -> None:
    """Obtain what the machine lacks for a VM; every command is shown, and confirmed unless ``yes``."""
    obtain.setup(runner(c), Host.read(), yes=yes, optional=False)


def wish(c: Context, timeout_option: str | None) -> Wish:
    """Return how a VM is to be started."""
    known = settings.load()
    return Wish(timeout(timeout_option), str(known["accelerator"].value), functools.partial(build_debian, c))


def build_debian(c: Context, images: Path, progress: Progress) -> Path:
    """Build our Debian image into the directory ``images`` (absolute) and return the qcow2.

    MissingError where Zellij for the guest was not obtained yet.
    """
    from sysinit_vm import debian

    zellij = finders.find_zellij()
    if zellij is None:
        raise MissingError(
            "Zellij for the guest was not found.", detail="The image carries it.", hint="sysinit-vm setup"
        )
    mirror = settings.load()["mirror"].value
    return debian.build(runner(c), images, zellij=zellij, mirror=mirror or None, progress=progress)


def end(status: int) -> None:
    """End the command with an exit status; 0 lets a chain of tasks go on."""
    if status:
        raise Exit(code=status)


def timeout(option: str | None) -> int:
    """Return ``--timeout`` or the setting (seconds); UsageError for what is no number above zero."""
    if option is not None:
        return settings.seconds(option, "--timeout")
    return int(settings.load()["timeout"].value)


def print_json(content: dict[str, Any]) -> None:
    """Print one versioned JSON document, and nothing else, on standard output."""
    print(json.dumps({"version": 1, **content}, indent=2, ensure_ascii=False))
