"""Host files that a config names: mounts, images, sockets, copies."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sysinit_vm.trust.danger import Context, Danger, Level
from sysinit_vm.trust.rules import Dangers, Rule, guests, mapping, says, shown, unknown, words

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_DIGEST = re.compile(r"sha(256|512):[0-9a-f]{64,128}\Z")


def _resolved(location: str, place: Context) -> Path | None:
    """The host path that a location means, links resolved; None where only Lima could work it out."""
    if location in {"{{.Param.PROJECT_DIR}}", place.committed_dir}:
        return place.root
    if "{{" in location or not location:
        return None
    path = place.home / location[2:] if location.startswith("~/") else place.home if location == "~" else Path(location)
    return (place.root / path).resolve()


def mount(where: str, value: Any, place: Context) -> Dangers:
    """A mount outside the project; a writable one above what starts programs of yours is as good as running them."""
    if not isinstance(value, Mapping):
        yield from unknown(where, value, place)
        return
    yield from _MOUNT(where, {key: inner for key, inner in value.items() if key != "location"}, place)
    location, writable = str(value.get("location", "")), bool(value.get("writable"))
    path = _resolved(location, place)
    part = {"mount": dict(value), "means": str(path)}
    if path is None:
        yield Danger(
            Level.WRITES if writable else Level.READS,
            where,
            f"mounts {shown(location)}, which only Lima works out",
            part,
        )
    elif path == place.root or path.is_relative_to(place.root):
        return
    elif writable:
        yield _written(where, path, place, part)
    else:
        yield Danger(Level.READS, where, f"lets the guest read {shown(str(path))}{_what(path, place)}", part)


def _written(where: str, path: Path, place: Context, part: Any) -> Danger:
    for private in place.private:
        if private.is_relative_to(path) or path.is_relative_to(private):
            said = f"lets the guest write {shown(str(path))}, and so approve whatever it likes"
            return Danger(Level.RUNS, where, said, part)
    if place.home.is_relative_to(path) or _hidden(path, place):
        said = f"lets the guest write {shown(str(path))}, and so run anything as you"
        return Danger(Level.RUNS, where, said, part)
    return Danger(Level.WRITES, where, f"lets the guest write {shown(str(path))}", part)


def _hidden(path: Path, place: Context) -> bool:
    """Whether it is one of home's own hidden files or directories, such as ~/.ssh, ~/.config, ~/.local."""
    return path.is_relative_to(place.home) and path.relative_to(place.home).parts[0].startswith(".")


def _what(path: Path, place: Context) -> str:
    return ": your SSH keys" if path == place.home / ".ssh" else ""


_MOUNT = mapping(
    {
        "mountPoint": guests,
        "writable": guests,
        "sshfs": mapping(
            {
                "cache": guests,
                "followSymlinks": says(Level.READS, "follows links that the guest makes, to anywhere on this machine"),
                "sftpDriver": words("builtin", "openssh-sftp-server"),
            }
        ),
        "9p": mapping({"securityModel": guests, "protocolVersion": guests, "msize": guests, "cache": guests}),
        "virtiofs": mapping({"queueSize": guests}),
    }
)


def file(what: str, more: Mapping[str, Rule] | None = None) -> Rule:
    """A file with location, arch and digest: remote without a digest, or local outside the places of images."""
    known = {"location", "arch", "digest", *(more or {})}

    def rule(where: str, value: Any, place: Context) -> Dangers:
        if not isinstance(value, Mapping):
            yield from unknown(where, value, place)
            return
        location = str(value.get("location", ""))
        part = {key: value.get(key) for key in ("location", "digest")}
        if _URL.match(location):
            if not _DIGEST.match(str(value.get("digest", ""))):
                yield Danger(Level.FETCHES, where, f"fetches {what} without a digest: {shown(location)}", part)
        else:
            yield from _local(where, what, location, place)
        for key, inner in value.items():
            if key not in known:
                yield from unknown(f"{where}.{key}", inner, place)
        for key, inner_rule in (more or {}).items():
            if value.get(key) is not None:
                yield from inner_rule(f"{where}.{key}", value[key], place)

    return rule


def _local(where: str, what: str, location: str, place: Context) -> Dangers:
    if location.startswith("~/.lima/"):
        location = str(place.lima_home / location.removeprefix("~/.lima/"))
    path = _resolved(location, place)
    if path is None or not path.is_relative_to((place.lima_home / "_images").resolve()):
        yield Danger(
            Level.READS,
            where,
            f"gives the guest {shown(location)} as {what}",
            {"location": location, "means": str(path)},
        )


def forward(where: str, value: Any, place: Context) -> Dangers:
    """A port or socket forward: sockets of the host, ports that the network sees, ways back into the host."""
    if not isinstance(value, Mapping):
        yield from unknown(where, value, place)
        return
    yield from _FORWARD(where, value, place)
    part, socket = dict(value), value.get("hostSocket")
    if value.get("reverse"):
        yield Danger(
            Level.OPENS, where, f"lets the guest reach this machine's {shown(socket or value.get('hostPort'))}", part
        )
    elif socket:
        yield Danger(
            Level.DELETES,
            f"{where}.hostSocket",
            f"deletes {shown(socket)}, whatever it is, and makes a socket of it",
            part,
        )
    ip = value.get("hostIP")
    if ip not in (None, "127.0.0.1", "::1") and not value.get("ignore"):
        yield Danger(Level.OPENS, f"{where}.hostIP", f"opens a port to the network, at {shown(ip)}", part)


_FORWARD = mapping(
    {
        **dict.fromkeys(("guestIPMustBeZero", "guestIP", "guestPort", "guestPortRange", "guestSocket"), guests),
        **dict.fromkeys(("hostIP", "hostPort", "hostPortRange", "hostSocket", "reverse"), guests),  # judged above
        "proto": words("tcp", "udp", "any"),
        "ignore": guests,
        "static": guests,
    }
)


def copy_to_host(where: str, value: Any, place: Context) -> Dangers:
    """A guest's file written to the host; deleteOnStop deletes what it finds there."""
    if not isinstance(value, Mapping) or set(value) - {"guest", "host", "deleteOnStop"}:
        yield from unknown(where, value, place)
        return
    host = shown(value.get("host"))
    yield Danger(Level.WRITES, where, f"writes a file of the guest's to {host}", dict(value))
    if value.get("deleteOnStop"):
        yield Danger(Level.DELETES, f"{where}.deleteOnStop", f"deletes {host} when the VM stops", dict(value))
