"""What a machine has and what it lacks, as a table and as data for JSON."""

from collections.abc import Sequence
from typing import Any

from sysinit_vm.errors import typed
from sysinit_vm.machine import package_manager
from sysinit_vm.machine.host import Host
from sysinit_vm.machine.limits import Limit
from sysinit_vm.machine.package_manager import Route
from sysinit_vm.machine.prerequisites import Prerequisite
from sysinit_vm.terminal.console import say, table


def show(host: Host, parts: Sequence[Prerequisite], limits: Sequence[Limit]) -> None:
    """Print each part and limit, its state and what to type, on stdout; say on stderr if nothing is missing."""
    rows = [*(_part_row(host, part) for part in parts), *map(_limit_row, limits)]
    table(("PART", "", "VERSION", "FOUND", "HOW TO GET IT"), rows)
    if all(part.enough or not part.required for part in parts):
        say("This machine has everything that a VM needs.")


def _part_row(host: Host, part: Prerequisite) -> tuple[str, ...]:
    if part.enough:
        return (part.name, "ok", part.version, str(part.found or ""), "")
    command = package_manager.by_hand(host, part.package.split()) or _route_in_brief(part.route)
    return (part.name, "MISSING" if part.required else "not there", part.version, part.need, command)


def _route_in_brief(route: Route | None) -> str:
    """Return a route as it fits a table: a single command as it is, several by their description."""
    if not route:
        return ""
    return typed(*route.commands[0]) if len(route.commands) == 1 else route.description


def _limit_row(limit: Limit) -> tuple[str, ...]:
    level = "ok" if limit.enough else "SHORT" if limit.hard else "NOTE"
    return (limit.name, level, "", limit.found, "" if limit.enough else limit.hint)


def record(parts: Sequence[Prerequisite], limits: Sequence[Limit]) -> dict[str, Any]:
    """Return what `setup --json` prints about the parts and limits."""
    return {"prerequisites": [part.data() for part in parts], "limits": [limit.data() for limit in limits]}
