"""The machine and the user's settings."""

import shlex
from collections.abc import Iterator

from sysinit_vm import settings
from sysinit_vm.doctor.finding import NOTE, OK, WRONG, Finding
from sysinit_vm.errors import VmError
from sysinit_vm.machine import extras, limits, parts
from sysinit_vm.machine.host import Host
from sysinit_vm.machine.parts import Prerequisite
from sysinit_vm.projects.project import lima_home
from sysinit_vm.runner import Runner

AREA = "machine"


def examine(runner: Runner, host: Host) -> Iterator[Finding]:
    """Yield what this machine has and lacks for VMs, and each setting with its source."""
    yield from _parts(runner, host)
    for part in extras.survey(runner, host):
        yield _part(part, "sysinit-vm setup --extras")
    for limit in limits.survey(runner, host, lima_home()):
        level = OK if limit.enough else WRONG if limit.hard else NOTE
        yield Finding(AREA, limit.name, level, limit.found, "" if limit.enough else limit.mend)
    yield from _settings()


def _parts(runner: Runner, host: Host) -> Iterator[Finding]:
    try:
        found = parts.survey(runner, host)
    except VmError as error:  # a variable names no program, or one that is too old
        yield Finding(AREA, "programs", WRONG, f"{error.brief} {error.detail}".strip(), error.hint)
        return
    for part in found:
        yield _part(part, "sysinit-vm setup")


def _part(part: Prerequisite, mend: str) -> Finding:
    if part.enough:
        return Finding(AREA, part.name, OK, f"{part.version} {part.found or ''}".strip())
    mend = mend if part.route else ""
    return Finding(AREA, part.name, WRONG if part.required else NOTE, f"missing: {part.need}", mend)


def _settings() -> Iterator[Finding]:
    try:
        known = settings.load()
    except VmError as error:
        yield Finding("settings", "settings", WRONG, f"{error.brief} {error.detail}".strip(), error.hint)
        return
    for name, setting in known.items():
        value = shlex.quote(str(setting.value)) if setting.value != "" else "none"
        yield Finding("settings", name, OK, f"{value} ({setting.source})")
