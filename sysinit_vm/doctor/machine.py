"""The machine and the user's settings."""

import shlex
from collections.abc import Callable, Iterator
from functools import partial

from sysinit_vm import settings
from sysinit_vm.config.mirror import without_login
from sysinit_vm.doctor.finding import NOTE, OK, WRONG, Finding, guarded, wrong
from sysinit_vm.errors import VmError
from sysinit_vm.images import available
from sysinit_vm.lima.home import lima_home
from sysinit_vm.machine import compile_state, find_programs, limits, optional, package_manager, prerequisites
from sysinit_vm.machine.host import Host
from sysinit_vm.machine.prerequisites import Prerequisite
from sysinit_vm.machine.release_archives import Releases
from sysinit_vm.runner import Runner
from sysinit_vm.trust import table

AREA = "machine"


def examine(runner: Runner, host: Host) -> Iterator[Finding]:
    """Yield what this machine has and lacks for VMs, and each setting with its source."""
    tools, releases = prerequisites.tools(runner, host), Releases(asking=False)
    for look in (
        lambda: tools,
        partial(prerequisites.lima, runner, host, releases),
        lambda: [prerequisites.zellij(runner, host, tools, releases)],
    ):
        yield from guarded(AREA, "programs", _parts(host, look, "sysinit-vm setup"))
    yield from guarded(
        AREA, "extras", _parts(host, partial(optional.survey, runner, host), "sysinit-vm setup --extras")
    )
    yield from guarded(AREA, "compile of Zellij", _compile(host))
    yield from guarded(AREA, "limits", _limits(runner, host))
    yield from guarded(AREA, "Lima's version", _version(runner, host))
    yield from guarded(AREA, "guest image", _image(host))
    yield from guarded("settings", "settings", _settings())


def _image(host: Host) -> Iterator[Finding]:
    if available.debian_is_here(lima_home()):
        yield Finding(AREA, "guest image", OK, str(available.directory(lima_home())))
    elif host.system != "Linux":
        yield Finding(AREA, "guest image", OK, "Debian's own, which the first start downloads")
    else:
        text = "none yet: the first start builds it, in 3 to 6 minutes"
        yield Finding(AREA, "guest image", NOTE, text, "sysinit-vm build.debian")


def _compile(host: Host) -> Iterator[Finding]:
    if compiling := compile_state.state(host):
        yield Finding(AREA, "compile of Zellij", NOTE, compiling.finding, compiling.hint)


def _version(runner: Runner, host: Host) -> Iterator[Finding]:
    limactl = find_programs.find_limactl(runner, host)
    problem = table.unknown_version(find_programs.limactl_version(runner, limactl, host)) if limactl else ""
    if problem:
        yield Finding(AREA, "Lima's version", NOTE, problem, "sysinit-vm trust --show")


def _parts(host: Host, look: Callable[[], list[Prerequisite]], hint: str) -> Iterator[Finding]:
    for part in look():
        yield _part(part, hint, package_manager.by_hand(host, part.package.split()))


def _part(part: Prerequisite, hint: str, by_hand: str = "") -> Finding:
    if part.enough:
        return Finding(AREA, part.name, OK, f"{part.version} {part.found or ''}".strip())
    hint = hint if part.route else by_hand
    return Finding(AREA, part.name, WRONG if part.required else NOTE, f"missing: {part.need}", hint)


def _limits(runner: Runner, host: Host) -> Iterator[Finding]:
    for limit in limits.survey(runner, host, lima_home(), available.kernels(lima_home())):
        level = OK if limit.enough else WRONG if limit.hard else NOTE
        yield Finding(AREA, limit.name, level, limit.found, "" if limit.enough else limit.hint)


def _settings() -> Iterator[Finding]:
    """A settings file that cannot be read gives the same error for each setting, which is reported once."""
    reported = set[str]()
    for name in settings.KNOWN:
        try:
            setting = settings.setting(name)
        except VmError as error:
            if error.brief not in reported:
                reported.add(error.brief)
                yield wrong("settings", "settings", error)
            continue
        value = shlex.quote(without_login(str(setting.value))) if setting.value != "" else "none"
        yield Finding("settings", name, OK, f"{value} ({setting.source})")
