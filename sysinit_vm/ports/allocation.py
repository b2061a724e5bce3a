"""Which host port each declared port gets. Pure.

A declared port always gets a host port. If its own is held, it moves to the project's range and stays there.
Lima only logs a host port that it cannot get, and lets two VMs claim the same one (2.2.0, lima#3604).
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from itertools import islice
from pathlib import Path
from typing import Any

from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError
from sysinit_vm.ports.forwards import Entry, Forward, Key, Spot, declared, rules

# Each project's own range is one block of host ports, below those that systems hand out to clients (32768 up).
_FIRST, _BLOCK, _BLOCKS = 20000, 20, 600
# The last rule of a config that forwards only declared ports (Lima uses the first rule that matches).
IGNORE_ALL: Mapping[str, Any] = {
    "guestIP": "0.0.0.0",  # noqa: S104
    "guestIPMustBeZero": False,
    "guestPortRange": [1, 65535],
    "proto": "any",
    "ignore": True,
}


def own_range(root: Path) -> Iterator[int]:
    """Yield the host ports for a project's moved ports: its own block first, then the other blocks."""
    first = zlib.crc32(str(root).encode("utf-8", "surrogateescape")) % _BLOCKS
    for block in range(_BLOCKS):
        start = _FIRST + (first + block) % _BLOCKS * _BLOCK
        yield from range(start, start + _BLOCK)


def assign(
    forwards: Iterable[Forward],
    kept: Mapping[Key, int],
    holder: Callable[[Forward, int], str],
    own: Iterable[int],
) -> dict[Key, int]:
    """Return a host port for each forward: the one it has, else its declared one, else one of ``own``.

    ``holder`` says what holds a host port that the forward would take; empty if it is free. No two forwards get the
    same one. ``own`` is used in order; VmError if it runs out.
    """
    assigned, used, ordered = dict[Key, int](), set[Spot](), list(forwards)
    unused = iter(own)
    choices: tuple[Callable[[Forward], Iterable[int]], ...] = (
        lambda forward: [kept[forward.key]] if forward.key in kept else [],
        lambda forward: [forward.host],
        lambda _: unused,
    )
    for choice in choices:
        for forward in ordered:
            if forward.key in assigned:
                continue
            free = (port for port in choice(forward) if not forward.spots(port) & used and not holder(forward, port))
            for port in islice(free, 1):
                assigned[forward.key] = port
                used |= forward.spots(port)
    for forward in ordered:
        if forward.key not in assigned:
            raise VmError(
                f"No host port is free for guest port {forward.guest}.",
                detail=f"{forward.host} is held, and so are all from {_FIRST} to {_FIRST + _BLOCK * _BLOCKS - 1}.",
                hint="sysinit-vm list, then sysinit-vm destroy --name NAME for a VM that you no longer need",
            )
    return assigned


def hosts(config: Config) -> dict[Key, int]:
    """Return the host port of each forward that ``config``, usually an instance's own, declares."""
    return {forward.key: forward.host for forward in declared(config)}


def kept(own: Config, committed: Config, moved_from: Mapping[Key, int] | None = None) -> dict[Key, int]:
    """Return the host ports that a VM keeps when it gets the ``committed`` config in place of its ``own``.

    A port that moved stays, unless the config now declares another than the one that it was ``moved_from``. One that
    is where the earlier config declared it follows the new declaration.
    """
    wanted, range_ = hosts(committed), range(_FIRST, _FIRST + _BLOCK * _BLOCKS)
    stays = {key for key, host in wanted.items() if (moved_from or {}).get(key, host) == host}
    return {
        key: host for key, host in hosts(own).items() if host == wanted.get(key) or (key in stays and host in range_)
    }


def entries(config: Config, assigned: Mapping[Key, int], *, strict: bool = False) -> list[Entry]:
    """Return ``portForwards`` with the assigned host ports; a forward without one keeps its declared one.

    ``strict`` forwards only what is declared.
    """
    result = [
        rule.entry(assigned.get(rule.key, rule.host)) if isinstance(rule, Forward) else rule for rule in rules(config)
    ]
    return [*result, *([dict(IGNORE_ALL)] if strict and IGNORE_ALL not in result else [])]


def env(config: Config, assigned: Mapping[Key, int]) -> dict[str, str]:
    """Return the variables that tell the guest its host ports, such as ``HOST_PORT_3000=20101``."""
    forwards = declared(config)
    return {
        f"HOST_PORT_{forward.guest}": str(assigned.get(forward.key, forward.host)) for forward in reversed(forwards)
    }


def moved(config: Config, assigned: Mapping[Key, int]) -> Config:
    """Return an instance's config with the ``assigned`` host ports, in ``portForwards`` and ``env``."""
    present = config.data.get("env")
    present = present if isinstance(present, Mapping) else {}
    changed = {"portForwards": entries(config, assigned), "env": {**present, **env(config, assigned)}}
    return replace(config, data={**config.data, **changed})


def url(host_ip: str, host: int) -> str:
    """Return the URL of a forwarded TCP port for a browser on the host."""
    address = ip_address(host_ip)
    if address.is_unspecified or host_ip == "127.0.0.1":
        return f"http://localhost:{host}"
    return f"http://[{host_ip}]:{host}" if address.version == 6 else f"http://{host_ip}:{host}"  # noqa: PLR2004
