"""Obtaining what is missing: each group of commands is shown, confirmed, and run with its stages in view."""

import json
import shlex
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from sysinit_vm import prompts
from sysinit_vm.errors import MissingError, VmError
from sysinit_vm.lock import held
from sysinit_vm.machine.host import Command, Host, Route
from sysinit_vm.machine.limits import Limit
from sysinit_vm.machine.parts import Prerequisite, survey
from sysinit_vm.progress import Progress, say, table
from sysinit_vm.runner import Runner

_EVERY = 15.0  # seconds between the lines of a long command that are shown
_BEAT = 60.0  # seconds between the lines that show a silent command to be alive
_FEW = 3  # commands that a table shows
_INSTANT = ("rm", "mkdir", "mv", "cp", "chmod", "ln")  # no stages of their own
_SHOWN = 15  # lines of a failed command's output
_AGAIN = "sysinit-vm setup --yes"
Survey = Callable[[Runner, Host], list[Prerequisite]]


def no_more(_runner: Runner, _host: Host) -> list[Prerequisite]:
    """Survey nothing."""
    return []


def setup(
    runner: Runner, host: Host, *, yes: bool, optional: bool = True, more: Survey = no_more
) -> list[Prerequisite]:
    """Obtain what is missing and return all parts as they are then; where nothing is missing, nothing is run.

    ``optional=False`` leaves out what a VM works without, ``more`` surveys further parts that are wished.
    NotConfirmedError when a group is refused, VmError with its last lines when a command fails, MissingError
    when a required part has no route.
    """

    def look() -> list[Prerequisite]:
        return [*survey(runner, host), *more(runner, host)]

    parts = look()
    if not _missing(parts, optional=optional):
        return parts
    with _alone(runner, host):
        parts = look()  # another setup may have ended while we waited
        for route in _routes(_missing(parts, optional=optional)):
            _take(runner, route, yes=yes)
    if runner.dry:
        return parts
    parts = look()
    _require(_missing(parts, optional=optional))
    return parts


def prepare(runner: Runner, host: Host, *, yes: bool) -> None:
    """Obtain what is missing on the way to a VM; errors as in ``setup``.

    A VM does not wait for what it works without: a refusal or a failure there is told, and the work goes on.
    """
    parts = setup(runner, host, yes=yes, optional=False)
    if all(part.enough or not part.route for part in parts):
        return
    try:
        setup(runner, host, yes=yes)
    except VmError as error:
        say(f"{error.message}\nGoing on without it.")


def report(parts: Sequence[Prerequisite], limits: Sequence[Limit]) -> None:
    """Print each part and limit with how it is and how it is mended on stdout; say on stderr if nothing lacks."""
    table(("PART", "", "VERSION", "FOUND", "HOW TO GET IT"), [*map(_part_row, parts), *map(_limit_row, limits)])
    if all(part.enough or not part.required for part in parts):
        say("Everything that a VM needs is there.")


def _part_row(part: Prerequisite) -> tuple[str, ...]:
    if part.enough:
        return (part.name, "ok", part.version, str(part.found or ""), "")
    return (part.name, "MISSING" if part.required else "not there", part.version, part.need, _how(part.route))


def _how(route: Route | None) -> str:
    """Return what fits a table: few commands by their gist, a build by its name."""
    if not route:
        return ""
    return "; ".join(map(_label, route.commands)) if len(route.commands) <= _FEW else route.description


def _limit_row(limit: Limit) -> tuple[str, ...]:
    level = "ok" if limit.enough else "SHORT" if limit.hard else "NOTE"
    return (limit.name, level, "", limit.found, "" if limit.enough else limit.mend)


def as_json(parts: Sequence[Prerequisite], limits: Sequence[Limit]) -> str:
    """Return the parts and limits as versioned JSON."""
    content = {"prerequisites": [part.data() for part in parts], "limits": [asdict(limit) for limit in limits]}
    return json.dumps({"version": 1, **content}, indent=2)


def _missing(parts: Iterable[Prerequisite], *, optional: bool) -> list[Prerequisite]:
    return [part for part in parts if not part.enough and (optional or part.required)]


def _routes(missing: Iterable[Prerequisite]) -> list[Route]:
    for part in (missing := list(missing)):
        say(f"Missing: {part.name}: {part.need}.")
    return list(dict.fromkeys(part.route for part in missing if part.route))


def _require(missing: Iterable[Prerequisite]) -> None:
    lines = [f"{part.name}: {part.need}" for part in missing if part.required]
    if lines:
        raise MissingError("Something that a VM needs is still missing.", detail="\n".join(lines), hint=_AGAIN)


def _take(runner: Runner, route: Route, *, yes: bool) -> None:
    """Show, confirm and run one route; under ``--dry`` its commands are only printed."""
    say(f"{route.description}:")
    if runner.dry:
        for command in route.commands:
            runner.change(command)
        return
    for command in route.commands:
        say(f"  $ {shlex.join(command)}")
    prompts.confirm("Run these commands?", yes=yes, refusal_hint=_AGAIN)
    _ask_password(runner, route)
    with Progress(route.description) as progress:
        for command in route.commands:
            _run(runner, command, progress)


def _ask_password(runner: Runner, route: Route) -> None:
    """Let sudo ask now, while the terminal is free, and not in the middle of a live line."""
    if not any(command[0] == "sudo" for command in route.commands):
        return
    asked = runner.attach(("sudo", "true")) if prompts.terminal() else runner.read(("sudo", "-n", "true")).code
    if asked:
        raise VmError("sudo refuses.", detail="Installing system packages takes it.", hint="sudo true")


def _run(runner: Runner, command: Command, progress: Progress) -> None:
    label = _label(command)
    if command[0] not in _INSTANT:
        progress.stage(label)
    with _heartbeat(label, progress.stage):
        done = runner.stream(command, _stages(label, progress.stage))
    if not done.ok:
        detail = "\n".join(done.err.splitlines()[-_SHOWN:])
        raise VmError(f"{label} failed (exit {done.code}).", detail=detail, hint=done.command)


def _stages(label: str, stage: Callable[[str], None]) -> Callable[[str], None]:
    """Return a reader of lines that shows one of them now and then, so that a long command looks alive."""
    shown, count = time.monotonic(), 0

    def read(line: str) -> None:
        nonlocal shown, count
        count += 1
        if line.strip() and time.monotonic() - shown >= _EVERY:
            shown = time.monotonic()
            stage(f"{label}, line {count}: {line.strip()[:60]}")

    return read


@contextmanager
def _heartbeat(label: str, stage: Callable[[str], None]) -> Iterator[None]:
    """Show the minutes of a command that says nothing: one of Zellij's crates compiles silently for several."""
    ended = threading.Event()

    def beat() -> None:
        minutes = 0
        while not ended.wait(_BEAT):
            minutes += 1
            stage(f"{label}: at work for {minutes} min")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _label(command: Command) -> str:
    """Return a command's gist, such as ``apt-get install git``: without sudo, variables, flags and paths."""
    plain = [word for word in command if word not in {"sudo", "env"} and " " not in word]
    words = [word for word in plain if "=" not in word or "==" in word]
    return " ".join([Path(words[0]).name, *[word for word in words[1:] if word[0] not in "-/"][:3]])


@contextmanager
def _alone(runner: Runner, host: Host) -> Iterator[None]:
    """Hold the lock that keeps two setups of one account apart; another one is waited for."""
    if runner.dry:
        yield
        return
    with held(host.data / ".setup.lock", "Another setup of this account is running; waiting for it to end."):
        yield
