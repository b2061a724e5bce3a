"""Installing what is missing: the plan is shown, confirmed once, and run with its stages in view."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sysinit_vm.background import repeat_every
from sysinit_vm.errors import MissingError, NotConfirmedError, VmError
from sysinit_vm.lock import held
from sysinit_vm.machine import compile_state, package_manager, run_route, setup_plan, zellij_compile
from sysinit_vm.machine.download import RefusedFileError
from sysinit_vm.machine.host import Host
from sysinit_vm.machine.package_manager import Route
from sysinit_vm.machine.prerequisites import Prerequisite, survey
from sysinit_vm.machine.release_archives import COMPILED, Releases
from sysinit_vm.runner import Runner
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say
from sysinit_vm.terminal.progress import Progress

_BEAT = 5.0  # seconds between looks whether a command has been silent for long
Survey = Callable[[Runner, Host], list[Prerequisite]]


def nothing_more(_runner: Runner, _host: Host) -> list[Prerequisite]:
    """Survey nothing: no optional parts are wanted."""
    return []


@dataclass(frozen=True)
class Consent:
    """How the one question is answered: by ``yes``, or on a terminal. ``retry`` is the command that answers yes.

    ``what_follows`` are lines of the plan about what comes after the installation. ``needs_all`` says that the command
    is of no use after a refusal, even of what a VM works without.
    """

    yes: bool
    retry: str = "sysinit-vm setup --yes"
    what_follows: Sequence[str] = ()
    needs_all: bool = False


def setup(
    runner: Runner,
    host: Host,
    consent: Consent,
    releases: Releases = COMPILED,
    *,
    more: Survey = nothing_more,
    tolerant: bool = False,
) -> list[Prerequisite]:
    """Install what is missing and return all parts as they are afterwards; if nothing is missing, nothing is run.

    The whole plan is shown, and asked about once, before the first command. ``releases`` says what is taken from
    upstream's archives; nothing of that changes after the question. ``more`` surveys optional parts that are wanted
    too. If ``tolerant``, a refusal or a failure of what a VM works without is reported, and the rest goes on; what of
    that takes long is only begun, in the background, and not again by itself after it failed or was stopped. Otherwise
    that comes last, so that no other setup waits for it; one that goes on is joined.
    MissingError before the question if a required part has no route, NotConfirmedError if the plan is refused, VmError
    with the command's last lines if a command fails, RefusedFileError if an archive is not the one that we know.
    """

    def survey_all() -> list[Prerequisite]:
        return _as_begun(host, [*survey(runner, host, releases), *more(runner, host)], again=not tolerant)

    parts = survey_all()
    if all(part.enough for part in parts):
        return parts
    if not runner.dry:
        _require(
            host,
            [part for part in parts if not part.route],
            "Not everything that a VM needs can be installed from here.",
        )
    with _setup_lock(runner, host):
        parts = survey_all()  # another setup may have ended while we waited
        left = _install_all(runner, host, parts, consent, tolerant=tolerant)
    for route in left:
        with _shown(route.description) as progress:
            zellij_compile.run(runner, host, route, progress)
    if runner.dry:
        return parts
    if not tolerant and compile_state.is_running(host):
        with _shown("Zellij is being compiled in the background.") as progress:
            zellij_compile.follow(host, progress)
    parts = survey_all()
    _require(host, parts, "Something that a VM needs is still missing.")
    return parts


def _as_begun(host: Host, parts: Sequence[Prerequisite], *, again: bool) -> list[Prerequisite]:
    """Return ``parts`` without the route of one that is being compiled, or that is not to be begun ``again``."""
    compiling = compile_state.state(host)
    if not compiling or not (compiling.running or (compiling.ended and not again)):
        return list(parts)
    need = compiling.text if compiling.running else f"{compiling.finding}. Go on: {compiling.hint}"
    return [replace(part, route=None, need=need) if part.route and part.route.background else part for part in parts]


def _install_all(
    runner: Runner, host: Host, parts: Sequence[Prerequisite], consent: Consent, *, tolerant: bool
) -> list[Route]:
    """Install ``parts`` as far as the user agrees, and return the routes that are left to run without the lock."""
    needed = [part.route for part in parts if part.required and not part.enough]
    routes = setup_plan.routes(parts)
    if not routes:
        for part in parts:
            if not part.enough:
                say(f"{part.name}: {part.need}")
        return []
    say(setup_plan.summary(host, parts, consent.what_follows, waits=not tolerant))
    optional = "" if needed or consent.needs_all or not tolerant else setup_plan.names(parts, routes)
    if not (runner.dry or _confirmed(routes, consent, optional)):
        return []
    left = [route for route in routes if route.background and not (tolerant or runner.dry)]
    for route in sorted(set(routes) - set(left), key=lambda route: (route.background, routes.index(route))):
        try:
            if route.background and not runner.dry:
                zellij_compile.begin(runner, host, route)
                say(compile_state.GOES_ON)
            else:
                _install(runner, route)
        except RefusedFileError:
            raise
        except VmError as error:
            if route in needed or not tolerant:
                raise
            say(f"{error.message}\nGoing on without it.")
    return left


def _require(host: Host, parts: Iterable[Prerequisite], brief: str) -> None:
    """MissingError if a required part is missing, with the command that installs its package, if it has one."""
    lacking = [part for part in parts if part.required and not part.enough]
    if lacking:
        typed = package_manager.by_hand(host, [name for part in lacking for name in part.package.split()])
        lines = [f"{part.name}: {part.need}" for part in lacking]
        raise MissingError(brief, detail="\n".join(lines), hint=f"{typed or 'install it'}, then sysinit-vm setup")


def _confirmed(routes: Sequence[Route], consent: Consent, optional: str) -> bool:
    """Return whether to run all of it; NotConfirmedError if that is refused and the command cannot go on without it.

    ``optional`` names the parts if it can, and is empty if it cannot.
    """
    commands = setup_plan.commands(routes)
    if consent.yes or not prompts.can_ask():
        say(commands)
    if not optional or consent.yes or prompts.can_ask():
        question = f"Do all this? (no: {f'go on without {optional}' if optional else 'end here'})"
        try:
            prompts.confirm(question, yes=consent.yes, refusal_hint=consent.retry, more=commands)
        except NotConfirmedError:
            if not optional:
                raise
        else:
            return True
    say(f"Going on without {optional}. For later: {consent.retry}")
    return False


def _install(runner: Runner, route: Route) -> None:
    """Run one route; under ``--dry`` its commands are only printed."""
    if runner.dry:
        say(f"{route.description}:")
        for step in route.archive.steps if route.archive else ():
            say(step)
        for command in route.commands:
            runner.change(command)
        return
    _ask_password(runner, route)
    with _shown(route.description) as progress:
        run_route.run(runner, route, progress)


@contextmanager
def _shown(title: str) -> Iterator[Progress]:
    with Progress(title) as progress, repeat_every(_BEAT, progress.remind):
        yield progress


def _ask_password(runner: Runner, route: Route) -> None:
    """Let sudo ask now, while the terminal is free, not in the middle of a live line."""
    if not route.by_sudo:
        return
    code = runner.attach(("sudo", "true")) if prompts.can_ask() else runner.read(("sudo", "-n", "true")).code
    if code:
        raise VmError("sudo refuses.", detail="System packages are installed with it.", hint="sudo true")


@contextmanager
def _setup_lock(runner: Runner, host: Host) -> Iterator[None]:
    """Hold the lock that allows one setup per account at a time; wait for another one to end."""
    if runner.dry:
        yield
        return
    with held(host.data / ".setup.lock", "Another setup of this account is running; waiting for it to end."):
        yield
