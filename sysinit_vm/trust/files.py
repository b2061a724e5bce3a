"""Host files that a config names: mounts, images, sockets, copies. Its paths are absolute by now, or judged so."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sysinit_vm.host_path import of_socket, resolved
from sysinit_vm.trust import exchange, places
from sysinit_vm.trust.danger import Context, Danger, Level, Where
from sysinit_vm.trust.rules import (
    Dangers,
    Rule,
    guest_only,
    mapping,
    off,
    one_of,
    switch,
    text,
    unknown,
    whole,
)

_URL = re.compile(r"https?://")
_DIGEST = re.compile(r"sha(256|512):[0-9a-f]{64,128}\Z")
_LAST_PORT = 65535
_IN_SUBDIRECTORY = 2  # parts of a path below an instance's directory


def _resolved(location: str, context: Context) -> Path | None:
    """The host path that a location means, links resolved; None if only Lima can tell."""
    if "{{" in location or not location:
        return None
    path = context.home / location[1:].lstrip("/") if location == "~" or location.startswith("~/") else Path(location)
    try:
        return (context.root / path).resolve()
    except (OSError, RuntimeError, ValueError):  # links that lead to themselves
        return None


def mount(where: Where, value: Any, context: Context) -> Dangers:
    """A mount outside the project; a guest that can write what starts your programs can run anything as you."""
    if not isinstance(value, Mapping):
        yield from unknown(where, value, context)
        return
    yield from _MOUNT(where, {key: inner for key, inner in value.items() if key != "location"}, context)
    location, writable = text(value.get("location")), not off(value.get("writable"))
    path = _resolved(location, context)
    can_write = writable or not context.confined
    approved = {"means": str(path or location), "writable": can_write}
    if path is None:
        level = Level.RUNS if can_write else Level.READS
        yield Danger(level, where, f"mounts {whole(location)}, a path that only Lima can work out", approved)
        return
    yield from exchange.dangers(where, path, context, can_write=can_write)
    if path.is_relative_to(context.root):
        if can_write:
            yield from places.of_project(where, path, context)
        return
    if can_write:
        yield _written_outside(where, path, context, approved, "" if writable else _NOT_KEPT)
    else:
        yield Danger(Level.READS, where, f"lets the guest read {whole(str(path))}{_note(path, context)}", approved)


_NOT_KEPT = "; it is meant to be read-only, but QEMU's virtiofs does not keep it so"


def _written_outside(where: Where, path: Path, context: Context, approved: Any, note: str) -> Danger:
    for private in context.private:
        if private.is_relative_to(path) or path.is_relative_to(private):
            words = f"lets the guest write {whole(str(path))}, and so approve whatever it likes{note}"
            return Danger(Level.RUNS, where, words, approved)
    programs = any(one.is_relative_to(path) or path.is_relative_to(one) for one in context.programs)
    if context.home.is_relative_to(path) or places.is_hidden(path, context) or programs:
        words = f"lets the guest write {whole(str(path))}, and so run anything as you{note}"
        return Danger(Level.RUNS, where, words, approved)
    if _git(path):
        words = f"lets the guest write {whole(str(path))}, whose hooks git runs as you{note}"
        return Danger(Level.RUNS, where, words, approved)
    return Danger(Level.WRITES, where, f"lets the guest write {whole(str(path))}{note}", approved)


def _git(path: Path) -> bool:
    """Whether the guest could write the hooks or the config of a repository, which git on this machine obeys."""
    if any(name.endswith(".git") for name in path.parts):
        return True
    with suppress(OSError):
        bare = all((path / name).exists() for name in ("HEAD", "objects", "refs"))
        return bare or (path / ".git").exists()
    return False


def _runs_as_you(path: Path, context: Context) -> bool:
    """Whether whoever writes the file ``path`` can run programs as the user."""
    if path.is_relative_to(
        context.lima_home
    ):  # Lima's templates use subdirectories of an instance, which Lima does not
        instance, *inner = path.relative_to(context.lima_home).parts or ("_",)
        return instance.startswith("_") or len(inner) < _IN_SUBDIRECTORY
    dangerous = (*context.private, *context.programs)
    return (
        any(path.is_relative_to(place) for place in dangerous) or places.is_hidden(path, context) or _git(path.parent)
    )


def _note(path: Path, context: Context) -> str:
    return ": your SSH keys" if path == resolved(context.home / ".ssh") else ""


_MOUNT = mapping(
    {
        "location": guest_only,  # judged by mount
        "mountPoint": guest_only,
        "writable": guest_only,
        "sshfs": mapping(
            {
                "cache": guest_only,
                "followSymlinks": switch(
                    Level.READS, "follows links that the guest makes, to anywhere on this machine"
                ),
                "sftpDriver": one_of("", "builtin", "openssh-sftp-server"),
            }
        ),
        "9p": mapping(
            {"securityModel": guest_only, "protocolVersion": guest_only, "msize": guest_only, "cache": guest_only}
        ),
        "virtiofs": mapping({"queueSize": guest_only}),
    }
)


def host_file(kind: str, nested: Mapping[str, Rule] | None = None) -> Rule:
    """A file with location, arch and digest: dangerous if remote without a digest, or local outside Lima's images."""
    known = {"location", "arch", "digest", *(nested or {})}

    def rule(where: Where, value: Any, context: Context) -> Dangers:
        if not isinstance(value, Mapping):
            yield from unknown(where, value, context)
            return
        location, digest = text(value.get("location")), text(value.get("digest"))
        if _URL.match(location):
            if not _DIGEST.match(digest):
                words = f"fetches {kind} without a digest: {whole(location)}"
                yield Danger(Level.FETCHES, where, words, {"location": location, "digest": digest})
        elif location:
            yield from _local(where, kind, location, context)
        for key, inner in value.items():
            if key not in known:
                yield from unknown((*where, str(key)), inner, context)
        for key, inner_rule in (nested or {}).items():
            if value.get(key) is not None:
                yield from inner_rule((*where, key), value[key], context)

    return rule


def _local(where: Where, kind: str, location: str, context: Context) -> Dangers:
    location = location.removeprefix("file://")
    if location.startswith("~/.lima/"):
        location = str(context.lima_home / location.removeprefix("~/.lima/"))
    path = _resolved(location, context)
    if path is None or not path.is_relative_to(resolved(context.lima_home / "_images")):
        words = f"gives the guest {whole(str(path or location))} as {kind}"
        yield Danger(Level.READS, where, words, str(path or location))


def forward(where: Where, value: Any, context: Context) -> Dangers:
    """A port or socket forward: host sockets, ports open to the network, ways from the guest into the host."""
    if not isinstance(value, Mapping):
        yield from unknown(where, value, context)
        return
    yield from _FORWARD(where, value, context)
    socket, reverse = text(value.get("hostSocket")), not off(value.get("reverse"))
    if socket.startswith("/"):  # now: at each start, a link may lead elsewhere
        socket = of_socket(socket, reverse=reverse)
    approved = {
        # a guest socket's path is the guest's own business, and Lima fills it in
        "guest": "socket" if text(value.get("guestSocket")) else _ports(value, "guest") or [1, _LAST_PORT],
        "host": socket or _ports(value, "host") or _ports(value, "guest") or [1, _LAST_PORT],
        "ip": text(value.get("hostIP")) or "127.0.0.1",
        "proto": text(value.get("proto")) or "any",
    }
    if reverse:
        words = f"lets the guest reach this machine's {_which(approved['host'])}"
        yield Danger(Level.OPENS, (*where, "reverse"), words, approved)
    elif socket:
        words = f"deletes {whole(socket)}, whatever it is, and puts a socket there"
        yield Danger(Level.DELETES, (*where, "hostSocket"), words, approved)
    ignored = value.get("ignore") is True and not text(value.get("guestSocket"))  # which Lima forwards all the same
    if approved["ip"] not in ("127.0.0.1", "::1") and not ignored:
        words = f"opens {_which(approved['host'])} to the network, at {whole(approved['ip'])}"
        yield Danger(Level.OPENS, (*where, "hostIP"), words, approved)


def network_socket(where: Where, value: Any, _context: Context) -> Dangers:
    """QEMU's frames on it are those of ssh-agent's protocol: a length of four bytes, then what the guest likes."""
    socket = text(value)
    if socket:
        means = str(resolved(socket)) if socket.startswith("/") else socket  # now: at each start it may lead elsewhere
        words = (
            f"lets the guest talk to whatever listens at {whole(means)}, as you can: to an ssh-agent, and so log in "
            "with your keys"
        )
        yield Danger(Level.RUNS, where, words, {"means": means})


def _which(host: Any) -> str:
    """Return in words a socket, or the first and the last of some ports."""
    if not isinstance(host, list):
        return whole(host)
    first, last = host[0], host[-1]
    return f"port {whole(first)}" if first == last else f"ports {whole(first)} to {whole(last)}"


def _ports(value: Mapping[str, Any], side: str) -> list[Any]:
    """Return the first and the last port of one side of a forward; empty if Lima chooses them."""
    both = value.get(f"{side}PortRange")
    if isinstance(both, list) and any(both):
        return both
    port = value.get(f"{side}Port")
    return [port, port] if port else []


_FORWARD = mapping(
    {
        **dict.fromkeys(("guestIPMustBeZero", "guestIP", "guestPort", "guestPortRange", "guestSocket"), guest_only),
        **dict.fromkeys(
            ("hostIP", "hostPort", "hostPortRange", "hostSocket", "reverse"), guest_only
        ),  # judged by forward
        "proto": one_of("tcp", "udp", "any"),
        "ignore": guest_only,
        "static": guest_only,
    }
)


def copy_to_host(where: Where, value: Any, context: Context) -> Dangers:
    """A guest file written to the host; deleteOnStop deletes whatever is there then."""
    if not isinstance(value, Mapping) or set(value) - {"guest", "host", "deleteOnStop"}:
        yield from unknown(where, value, context)
        return
    path = _resolved(text(value.get("host")), context)
    host = str(path or text(value.get("host")))
    runs = path is None or _runs_as_you(path, context)
    words = f"writes a file of the guest to {whole(host)}" + (", and so can run anything as you" if runs else "")
    yield Danger(Level.RUNS if runs else Level.WRITES, (*where, "host"), words, host)
    if not off(value.get("deleteOnStop")):
        words = f"deletes {whole(host)} when the VM stops"
        yield Danger(Level.DELETES, (*where, "deleteOnStop"), words, host)


def additional_disk(where: Where, value: Any, _context: Context) -> Dangers:
    """One of Lima's own disks, by name alone or in a mapping."""
    if value not in (None, ""):
        disk = value if isinstance(value, Mapping) else {"name": text(value)}
        words = f"attaches one of Lima's disks, which other VMs may use: {whole(text(disk.get('name')))}"
        yield Danger(Level.WRITES, where, words, {key: inner for key, inner in disk.items() if inner is not None})
