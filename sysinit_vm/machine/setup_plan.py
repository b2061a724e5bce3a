"""What `setup` is going to do, on one screen, before it asks: what is missing, time, disk, network, root and KVM."""

import contextlib
import shlex
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from sysinit_vm import settings
from sysinit_vm.errors import VmError
from sysinit_vm.machine import accelerator
from sysinit_vm.machine.host import Host
from sysinit_vm.machine.package_manager import Cost, Route
from sysinit_vm.machine.prerequisites import KVM_GROUP, Prerequisite

_WIDTH = 100  # characters
_BACKGROUND = "This goes on in the background; until it is done, the VM gives a login shell."


def routes(parts: Iterable[Prerequisite]) -> list[Route]:
    """Return the routes of the missing parts, each once, in order."""
    return list(dict.fromkeys(part.route for part in parts if part.route and not part.enough))


def summary(host: Host, parts: Sequence[Prerequisite], what_follows: Sequence[str] = (), *, waits: bool = True) -> str:
    """Return the plan for the missing ``parts`` (several lines); ``what_follows`` are lines about what comes after.

    Unless the command ``waits`` for what goes on in the background, that does not count for its time.
    """
    missing, ways = [part for part in parts if not part.enough], routes(parts)
    lines = ["What this machine lacks for VMs, and how it gets it:"]
    lines += [f"  {part.name}: {part.need}" for part in missing if not part.route]
    for route in ways:
        lines += [f"  - {route.description}{_cost(route.cost)}", f"    for {names(missing, [route])}"]
        lines += _wrapped(route.why, indent="    ")
        lines += _wrapped(f"It goes on: {route.here}." if route.here else "", indent="    ")
        if route.background and not waits:
            lines += _wrapped(_BACKGROUND, indent="    ")
    for text in (
        *_together(host, ways, waits=waits),
        *_rights(host, ways),
        *_acceleration(host, missing),
        *what_follows,
    ):
        lines += _wrapped(text)
    return "\n".join(lines)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def commands(ways: Iterable[Route]) -> str:
    """Return the commands of all routes, as a person would type them (several lines)."""
    lines = list[str]()
    for route in ways:
        lines.append(f"{route.description}:")
        lines += [f"  {step}" for step in (route.archive.steps if route.archive else ())]
        lines += [f"  $ {shlex.join(command)}" for command in route.commands]
        lines += [f"  Meanwhile {path} has the mirror's password, for this account alone." for path, _ in route.secrets]
    return "\n".join(lines)


def names(parts: Iterable[Prerequisite], ways: Sequence[Route]) -> str:
    """Return the names of the missing ``parts`` that come by one of the routes ``ways``."""
    return ", ".join(part.name for part in parts if part.route in ways and not part.enough)


def _cost(cost: Cost | None) -> str:
    if cost is None or not cost.minutes[1]:
        return ""
    download = f", {_size(cost.download)} to download" if cost.download else ""
    return f" ({cost.time}{download})"


def _together(host: Host, ways: Sequence[Route], *, waits: bool) -> Iterator[str]:
    costs = [route.cost for route in ways if route.cost and route.cost.minutes[1]]
    if not costs:
        return
    here = [route.cost for route in ways if route.cost and (waits or not route.background)]
    least, most = (sum(cost.minutes[end] for cost in here) for end in (0, 1))
    download, stays = sum(cost.download for cost in costs), sum(cost.stays for cost in costs)
    cores = f"{host.cores} core{'s' if host.cores > 1 else ''}"
    time = f"{'about ' if least else ''}{Cost((least, most)).time} on {cores}, " if most else ""
    yield (
        f"In all {time}{_size(download)} to download, "
        f"{_size(stays)} of disk, and {_size(max(cost.work for cost in costs))} more meanwhile. "
        "Ctrl-C is safe: the same command goes on from there."
    )


def _rights(host: Host, ways: Sequence[Route]) -> Iterator[str]:
    if host.root or host.system != "Linux":
        return
    by_sudo = [route.description for route in ways if route.by_sudo]
    yield f"Root, by sudo: {', '.join(by_sudo)}. Nothing else." if by_sudo else "Nothing of it needs root."


def _acceleration(host: Host, missing: Iterable[Prerequisite]) -> Iterator[str]:
    joins = any(part.name == KVM_GROUP for part in missing)
    with contextlib.suppress(VmError):  # a bad setting, which others report
        if host.system == "Linux":
            yield accelerator.outlook(str(settings.value("accelerator")), joins=joins)


def _size(megabytes: int) -> str:
    return f"{megabytes} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"  # noqa: PLR2004
