"""Running one route: its archive or its commands, with the stages that these have."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.errors import VmError
from sysinit_vm.machine import command_progress, install_archive
from sysinit_vm.machine.command_progress import RouteProgress
from sysinit_vm.machine.package_manager import Command, Route
from sysinit_vm.runner import Runner
from sysinit_vm.terminal.progress import Stages

_LAST_LINES = 15  # lines of a failed command's output


def run(runner: Runner, route: Route, stages: Stages, keep: Callable[[str], None] = lambda _: None) -> None:
    """Run ``route``; ``keep`` gets each line that its commands print, but for those that only say how far they are.

    VmError with the command's last lines if one fails; the errors of ``install_archive.install``. Ctrl-C ends the
    command that runs, and is raised again.
    """
    how_far = RouteProgress()
    with _written(route):
        if route.archive:
            install_archive.install(route.archive, stages)
        for command in route.commands:
            _run(runner, command, stages, how_far.reader(command), keep)


@contextmanager
def _written(route: Route) -> Iterator[None]:
    try:
        for path, content in route.secrets:
            files.write(path, content, mode=0o600)
        yield
    finally:
        for path, _ in route.secrets:
            path.unlink(missing_ok=True)


def _run(
    runner: Runner, command: Command, stages: Stages, read: Callable[[str], str], keep: Callable[[str], None]
) -> None:
    if stage := command_progress.stage(command):
        stages.stage(stage)

    def relay(line: str) -> None:
        if note := read(line):
            stages.tell(note)
        if not command_progress.is_bar(line):
            keep(line)

    # not in the current directory: it is a project, and Python, Go and cargo look for files of theirs there
    done = runner.stream(command, relay, cwd=Path("/"))
    if not done.ok:
        lines = [line for line in done.err.splitlines() if not command_progress.is_bar(line)]
        brief = f"{command_progress.label(command)} failed (exit {done.code})."
        raise VmError(brief, detail="\n".join(lines[-_LAST_LINES:]), hint=done.command)
