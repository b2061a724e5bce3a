"""Host files that a config names: mounts, images, sockets, copies."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sysinit_vm.trust.danger import Context, Danger, Level
from sysinit_vm.trust.rules import Dangers, Rule, always, display, guest_only, mapping, one_of, unknown

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_DIGEST = re.compile(r"sha(256|512):[0-9a-f]{64,128}\Z")


def _resolved(location: str, context: Context) -> Path | None:
    """The host path that a location means, links resolved; None if only Lima can tell."""
    if location in {"{{.Param.PROJECT_DIR}}", context.committed_dir}:
        return context.root
    if "{{" in location or not location:
        return None
    path = (
        context.home / location[2:]
        if location.startswith("~/")
        else context.home
        if location == "~"
        else Path(location)
    )
    return (context.root / path).resolve()


def mount(where: str, value: Any, context: Context) -> Dangers:
    """A mount outside the project; a guest that can write what starts your programs can run anything as you."""
    if not isinstance(value, Mapping):
        yield from unknown(where, value, context)
        return
    yield from _MOUNT(where, {key: inner for key, inner in value.items() if key != "location"}, context)
    location, writable = str(value.get("location", "")), bool(value.get("writable"))
    path = _resolved(location, context)
    part = {"mount": dict(value), "means": str(path)}
    if path is None:
        yield Danger(
            Level.WRITES if writable else Level.READS,
            where,
            f"mounts {display(location)}, a path that only Lima can work out",
            part,
        )
    elif path == context.root or path.is_relative_to(context.root):
        return
    elif writable:
        yield _written_outside(where, path, context, part)
    else:
        yield Danger(Level.READS, where, f"lets the guest read {display(str(path))}{_note(path, context)}", part)


def _written_outside(where: str, path: Path, context: Context, part: Any) -> Danger:
    for private in context.private:
        if private.is_relative_to(path) or path.is_relative_to(private):
            words = f"lets the guest write {display(str(path))}, and so approve whatever it likes"
            return Danger(Level.RUNS, where, words, part)
    if context.home.is_relative_to(path) or _hidden(path, context):
        words = f"lets the guest write {display(str(path))}, and so run anything as you"
        return Danger(Level.RUNS, where, words, part)
    return Danger(Level.WRITES, where, f"lets the guest write {display(str(path))}", part)


def _hidden(path: Path, context: Context) -> bool:
    """Whether it lies in a hidden file or directory of the home directory, such as ~/.ssh, ~/.config, ~/.local."""
    return path.is_relative_to(context.home) and path.relative_to(context.home).parts[0].startswith(".")


def _note(path: Path, context: Context) -> str:
    return ": your SSH keys" if path == context.home / ".ssh" else ""


_MOUNT = mapping(
    {
        "mountPoint": guest_only,
        "writable": guest_only,
        "sshfs": mapping(
            {
                "cache": guest_only,
                "followSymlinks": always(
                    Level.READS, "follows links that the guest makes, to anywhere on this machine"
                ),
                "sftpDriver": one_of("builtin", "openssh-sftp-server"),
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

    def rule(where: str, value: Any, context: Context) -> Dangers:
        if not isinstance(value, Mapping):
            yield from unknown(where, value, context)
            return
        location = str(value.get("location", ""))
        part = {key: value.get(key) for key in ("location", "digest")}
        if _URL.match(location):
            if not _DIGEST.match(str(value.get("digest", ""))):
                yield Danger(Level.FETCHES, where, f"fetches {kind} without a digest: {display(location)}", part)
        else:
            yield from _local(where, kind, location, context)
        for key, inner in value.items():
            if key not in known:
                yield from unknown(f"{where}.{key}", inner, context)
        for key, inner_rule in (nested or {}).items():
            if value.get(key) is not None:
                yield from inner_rule(f"{where}.{key}", value[key], context)

    return rule


def _local(where: str, kind: str, location: str, context: Context) -> Dangers:
    if location.startswith("~/.lima/"):
        location = str(context.lima_home / location.removeprefix("~/.lima/"))
    path = _resolved(location, context)
    if path is None or not path.is_relative_to((context.lima_home / "_images").resolve()):
        yield Danger(
            Level.READS,
            where,
            f"gives the guest {display(location)} as {kind}",
            {"location": location, "means": str(path)},
        )


def forward(where: str, value: Any, context: Context) -> Dangers:
    """A port or socket forward: host sockets, ports open to the network, ways from the guest into the host."""
    if not isinstance(value, Mapping):
        yield from unknown(where, value, context)
        return
    yield from _FORWARD(where, value, context)
    part, socket = dict(value), value.get("hostSocket")
    if value.get("reverse"):
        yield Danger(
            Level.OPENS, where, f"lets the guest reach this machine's {display(socket or value.get('hostPort'))}", part
        )
    elif socket:
        yield Danger(
            Level.DELETES,
            f"{where}.hostSocket",
            f"deletes {display(socket)}, whatever it is, and puts a socket there",
            part,
        )
    ip = value.get("hostIP")
    if ip not in (None, "127.0.0.1", "::1") and not value.get("ignore"):
        yield Danger(Level.OPENS, f"{where}.hostIP", f"opens a port to the network, at {display(ip)}", part)


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


def copy_to_host(where: str, value: Any, context: Context) -> Dangers:
    """A guest file written to the host; deleteOnStop deletes whatever is there then."""
    if not isinstance(value, Mapping) or set(value) - {"guest", "host", "deleteOnStop"}:
        yield from unknown(where, value, context)
        return
    host = display(value.get("host"))
    yield Danger(Level.WRITES, where, f"writes a file of the guest to {host}", dict(value))
    if value.get("deleteOnStop"):
        yield Danger(Level.DELETES, f"{where}.deleteOnStop", f"deletes {host} when the VM stops", dict(value))
