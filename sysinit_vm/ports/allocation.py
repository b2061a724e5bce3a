"""Declared ports: what a config forwards, and which host port each forward gets. Pure.

A declared port is guaranteed: where its host port is held it moves to the project's own range, and stays there.
Lima itself only logs a host port that it cannot have, and two VMs claim one in silence (2.2.0, lima#3604).
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
# The last rule of a config that forwards declared ports only (Lima takes the first rule that matches).
IGNORE_ALL: Mapping[str, Any] = {
    "guestIP": "0.0.0.0",  # noqa: S104
    "guestIPMustBeZero": False,
    "guestPortRange": [1, 65535],
    "proto": "any",
    "ignore": True,
}


def own_range(root: Path) -> Iterator[int]:
    """Yield the host ports that a project's moved ports get, its own block first, then the further ones."""
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
    """Return the host port of each forward: the one that it has, else its declared one, else one of ``own``.

    ``holder`` names what holds a host port that the forward would take, empty where it is free. No two get
    the same. VmError where ``own`` (in its order) has no more.
    """
    given, used, every = dict[Key, int](), set[Spot](), list(forwards)
    choices: tuple[Callable[[Forward], Iterable[int]], ...] = (
        lambda each: [kept[each.key]] if each.key in kept else [],
        lambda each: [each.host],
        lambda _: unused,
    )
    unused = iter(own)
    for choice in choices:
        for each in every:
            if each.key in given:
                continue
            free = (port for port in choice(each) if not each.spots(port) & used and not holder(each, port))
            for port in islice(free, 1):
                given[each.key] = port
                used |= each.spots(port)
    for each in every:
        if each.key not in given:
            raise VmError(
                f"No host port is free for guest port {each.guest}.",
                detail=f"{each.host} is held, and so is every one of {_FIRST} to {_FIRST + _BLOCK * _BLOCKS - 1}.",
                hint="sysinit-vm list, then sysinit-vm destroy for VMs that nobody needs",
            )
    return given


def hosts(config: Config) -> dict[Key, int]:
    """Return the host port of each forward as ``config`` says it: what an instance's own config gave it."""
    return {each.key: each.host for each in declared(config)}


def kept(own: Config, committed: Config) -> dict[Key, int]:
    """Return the host ports that a VM keeps when it gets the ``committed`` config in place of its ``own``.

    One that moved stays; one that stands where an earlier config declared it follows the new declaration.
    """
    wished, moved_to = hosts(committed), range(_FIRST, _FIRST + _BLOCK * _BLOCKS)
    return {key: host for key, host in hosts(own).items() if key in wished and host in {wished[key], *moved_to}}


def written(config: Config, assigned: Mapping[Key, int], *, strict: bool = False) -> list[Entry]:
    """Return ``portForwards`` with the assigned host ports; a forward without one keeps its declared one.

    ``strict`` forwards nothing but what is declared.
    """
    found = [
        rule.entry(assigned.get(rule.key, rule.host)) if isinstance(rule, Forward) else rule for rule in rules(config)
    ]
    return [*found, *([dict(IGNORE_ALL)] if strict and IGNORE_ALL not in found else [])]


def env(config: Config, assigned: Mapping[Key, int]) -> dict[str, str]:
    """Return what tells the guest where its ports are reached on the host: ``HOST_PORT_3000=20101``."""
    forwards = declared(config)
    return {f"HOST_PORT_{each.guest}": str(assigned.get(each.key, each.host)) for each in reversed(forwards)}


def moved(config: Config, assigned: Mapping[Key, int]) -> Config:
    """Return the config of an instance with its forwards at the ``assigned`` host ports, also in its ``env``."""
    theirs = config.data.get("env")
    theirs = theirs if isinstance(theirs, Mapping) else {}
    changed = {"portForwards": written(config, assigned), "env": {**theirs, **env(config, assigned)}}
    return replace(config, data={**config.data, **changed})


def short(declared_ones: Iterable[Forward], assigned: Mapping[Key, int]) -> str:
    """Return the declared ports in few words: ``3000, 8080→20101``."""
    found = [(each.guest, assigned.get(each.key, each.host)) for each in declared_ones]
    return ", ".join(str(guest) if guest == host else f"{guest}→{host}" for guest, host in found)


def url(host_ip: str, host: int) -> str:
    """Return where a browser on the host finds a forwarded TCP port."""
    where = ip_address(host_ip)
    if where.is_unspecified or host_ip == "127.0.0.1":
        return f"http://localhost:{host}"
    return f"http://[{host_ip}]:{host}" if where.version == 6 else f"http://{host_ip}:{host}"  # noqa: PLR2004
