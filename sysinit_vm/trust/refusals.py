"""What no approval allows: values that would end one line of Lima's and begin another."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from sysinit_vm import guest_writes
from sysinit_vm.config import guest_places
from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError, edit
from sysinit_vm.host_path import expanded, resolved
from sysinit_vm.lima.home import instance_directories, lima_home
from sysinit_vm.ports import forwards
from sysinit_vm.trust import playbooks, sockets
from sysinit_vm.trust.danger import Context, Where, spelled
from sysinit_vm.trust.go_templates import may_never_end
from sysinit_vm.trust.rules import display, mappings

# The values that Lima and QEMU take for the options of a 9p mount.
_NINEP = {
    "securityModel": re.compile(r"passthrough|mapped-xattr|mapped-file|none"),
    "protocolVersion": re.compile(r"9p2000(\.u|\.L)?"),
    "msize": re.compile(r"\d+([KMG]i?B?)?"),
    "cache": re.compile(r"none|loose|fscache|mmap"),
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# Their texts have lines of their own, and are judged or concern the guest alone; no other text of Lima's has.
_WITH_LINES = {"provision", "probes", "message", "param", "caCerts", "env"}
_TEMPLATE = (
    "Lima would run this template on this machine, and it may never end, or make `limactl list` fail. "
    'For {{ in the guest, write {{"{{"}}.'
)
_ABSOLUTE = re.compile(r"(https?://|(/|~/)(?!(.*/)?\.\.(/|\Z)))")
_IMAGES = (("images",), ("firmware", "images"), ("containerd", "archives"))
_IN_ARGUMENTS = "Lima would run it on this machine, as a template in an argument of QEMU."
_ARGUMENTS = {("images", "kernel", "cmdline")}
_ALL_ARGUMENTS = {"video", "audio", "networks", "vmOpts", "cpuType"}
_GUESTS = "The guest can write there, and could lead it anywhere by a link."
_WRITTEN = ("portForwards", "copyToHost", "networks")  # what limactl or QEMU writes; all else it reads
_PLAYBOOK = ".playbook"
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")


def check(config: Config) -> None:
    """VmError if a value in ``config`` would break out of its place; nothing can allow it.

    An invalid forward is refused here too: nobody should be asked to allow what then fails.
    """
    forwards.rules(config)
    checks = (_lines, _ssh, _mounts, _deleted, _locations, _arguments, _env, sockets.refused, playbooks.refused)
    _refuse_first(config, chain.from_iterable(check(config.data) for check in checks))


def check_instance(config: Config) -> None:
    """VmError if ``config``, an instance's own as Lima fills it in, has what no approval allows.

    It mounts a directory where its guest would delete what is in it, a socket's name is not what it seems, or a
    playbook is in a repository.
    """
    checks = (_deleted, sockets.refused, playbooks.refused)
    _refuse_first(config, chain.from_iterable(check(config.data) for check in checks))


def _refuse_first(config: Config, refused: Iterable[tuple[str, Any, str]]) -> None:
    for where, value, why in refused:
        place = config.place(where)
        raise VmError(f"{where} in {place} is refused: {display(value)}.", detail=why, hint=edit(config.path))


def _lines(data: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Lima 2.0 and 2.1 take a line break in `user.name`, which then begins an option in ssh.config."""
    why = "A line break or control character would end a line of Lima's own files and begin another."
    for key, value in data.items():
        if _CONTROL.search(str(key)):
            yield display(key), key, why
        for where, text in texts((str(key),), value) if key != "param" else ():
            if may_never_end(text, message=key == "message"):
                yield spelled(where), text, _TEMPLATE
        if key not in _WITH_LINES:
            for where, text in texts((str(key),), value):
                if _CONTROL.search(text):
                    yield spelled(where), text, why


def texts(where: Where, value: Any, *, keys: bool = True) -> Iterator[tuple[Where, str]]:
    """Yield each text in ``value`` with where it is; ``keys`` are texts too."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if keys:
                yield (*where, str(key)), str(key)
            yield from texts((*where, str(key)), inner, keys=keys)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from texts((*where, number), inner, keys=keys)


def _ssh(data: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """What ends in ssh.config and in ssh's arguments."""
    user, ssh = data.get("user"), data.get("ssh")
    name = user.get("name") if isinstance(user, Mapping) else None
    if name is not None and not _USER.match(str(name)):
        yield "user.name", name, "The name of an account has letters, digits, dots, dashes and underscores."
    port = ssh.get("localPort") if isinstance(ssh, Mapping) else None
    if port is not None and (isinstance(port, bool) or not isinstance(port, int)):
        yield "ssh.localPort", port, "A port is a whole number."


def _mounts(data: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    mounts = data.get("mounts")
    for number, mount in enumerate(mounts if isinstance(mounts, list) else []):
        if not isinstance(mount, Mapping):
            continue
        for key in ("location", "mountPoint"):
            text = str(mount.get(key) or "")
            if "," in text or _CONTROL.search(text):
                why = "A comma or control character ends QEMU's option for the mount and begins another."
                yield f"mounts[{number}].{key}", text, why
        ninep = mount.get("9p")
        for key, allowed in _NINEP.items():
            value = ninep.get(key) if isinstance(ninep, Mapping) else None
            if value is not None and not allowed.fullmatch(str(value)):
                yield (
                    f"mounts[{number}].9p.{key}",
                    value,
                    f"QEMU takes {allowed.pattern}; anything else could begin another option.",
                )


def _deleted(data: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    for number, mount in enumerate(mappings(data, "mounts")):
        key = "mountPoint" if mount.get("mountPoint") else "location"
        if why := guest_places.deleted(str(mount.get(key))):
            yield f"mounts[{number}].{key}", mount[key], f"{why} This machine would lose its files."


def _locations(data: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Lima takes a relative path of an image from the current directory of whoever types `start`."""
    for where, text in _image_locations(data):
        if not _ABSOLUTE.match(text):
            yield spelled(where), text, "A location is an absolute path, one below ~/, each without .., or an http URL."


def _image_locations(data: Mapping[str, Any]) -> Iterator[tuple[Where, str]]:
    for where, text in texts((), data, keys=False):
        names = tuple(key for key in where if isinstance(key, str))
        if names[-1] == "location" and any(names[: len(keys)] == keys for keys in _IMAGES):
            yield where, text


def _arguments(data: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Lima fills in QEMU's arguments as templates, one of whose functions connects to a socket of the host (2.2.0)."""
    for where, text in texts((), data, keys=False):
        names = tuple(key for key in where if isinstance(key, str))
        if "{{" in text and (names in _ARGUMENTS or names[0] in _ALL_ARGUMENTS):
            yield spelled(where), text, _IN_ARGUMENTS


def check_host_paths(config: Config, root: Path | None, context: Context, more: Iterable[tuple[str, str]] = ()) -> None:
    """VmError if limactl would read, write or delete where a guest can put links: in the project or a writable mount.

    ``root`` is the project's directory (absolute), None if it has none. Unless ``context`` is confined, the guest can
    write each mount; it says also what other guests can write, and what the VM's own could. A project counts before it
    has a VM, which may be made meanwhile. Nothing is read where the guest's files are copied to, or beside the logs of
    a VM, which hold what its guest says, and no playbook beside what a guest writes. What is there when it is judged
    says nothing of what is there later, but for ``more``: other files, every byte of which is judged, with where each
    is named.
    """
    data = config.data
    for number, mount in enumerate(mappings(data, "mounts")):
        if "{{" in (location := str(mount.get("location"))):  # in a name on the disk: what was a template is filled in
            raise VmError(
                f"mounts[{number}].location in {config.path} is refused: {display(location)}.",
                detail=_IN_ARGUMENTS,
                hint=edit(config.path),
            )
    mounts = [mount for mount in mappings(data, "mounts") if mount.get("writable") or not context.confined]
    writable = [*filter(None, [root]), *(expanded(str(mount.get("location"))) for mount in mounts)]
    writable += [*(resolved(place) for place in writable), *(place for _, place in context.guests)]
    before = tuple(one.path for one in context.own)
    moved = {one.identity for one in (*(one for _, one in context.written), *context.own)}
    guests_files = [*_copied(data), *context.copied]
    guests_files += (path for path in instance_directories() if not path.name.startswith("_"))
    named = dict(_host_paths(data))
    for where, text in (*named.items(), *more):
        path = expanded(text)
        passed = (path, Path(os.path.normpath(path)), *guest_writes.ways(path))
        if any(one.is_relative_to("/proc") for one in passed):
            detail = "A path through /proc means something else to each program."
            raise VmError(
                f"{where} in {config.path} is refused: {display(text)}.", detail=detail, hint=edit(config.path)
            )
        if _is_in(passed, writable) or (not where.startswith(_WRITTEN) and _is_in(passed, guests_files)):
            why = _GUESTS
        elif _is_in(passed, before) or any(guest_writes.identity_at(one) in moved for one in passed):
            why = "A guest could write there when it was last started. That counts until its VM starts without it."
        elif where in named and guest_writes.is_guests(path):
            why = _GUESTS
        elif where.endswith(_PLAYBOOK) and _is_beside(path, (*writable, *guests_files, *before)):
            why = "The guest can write beside it, from where Ansible takes roles and variables."
        else:
            continue
        raise VmError(
            f"{where} in {config.path} is refused: {display(str(path))}.",
            detail=f"{why} {{{{.Dir}}}} is the VM's own directory on this machine.",
            hint=edit(config.path),
        )


def _copied(data: Mapping[str, Any]) -> Iterator[Path]:
    """Yield where files of the guest are copied to, as it is spelled and without links."""
    for entry in mappings(data, "copyToHost"):
        place = expanded(str(entry.get("host") or "/"))
        yield from (place, resolved(place))


def _is_beside(path: Path, directories: Iterable[Path]) -> bool:
    """Whether one of ``directories`` is in that of ``path`` (absolute); the home is none: all projects are in it."""
    home = resolved(Path.home())
    beside = [place for place in (path.parent, resolved(path).parent) if not home.is_relative_to(resolved(place))]
    return _is_in(directories, beside)


def _is_in(passed: Iterable[Path], directories: Iterable[Path]) -> bool:
    return any(one.is_relative_to(place) for place in directories for one in passed)


def _host_paths(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the files of this machine that limactl is to read or write, with where each is in the config."""
    for key, name in (("portForwards", "hostSocket"), ("copyToHost", "host")):
        for number, entry in enumerate(mappings(data, key)):
            yield f"{key}[{number}].{name}", str(entry.get(name) or "/")
    yield from used_as_written(data)
    for where, text in _image_locations(data):  # who can write LIMA_HOME was allowed more
        if text.startswith(("/", "~/")) and not Path(text).is_relative_to(lima_home() / "_images"):
            yield spelled(where), text


def used_as_written(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the playbooks, and the sockets of networks, with where each is in the config: Lima fills in neither."""
    for key, name in (("provision", "playbook"), ("networks", "socket")):
        for number, entry in enumerate(mappings(data, key)):
            if entry.get(name):
                yield f"{key}[{number}].{name}", str(entry[name])


def _env(data: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """/etc/environment has no escapes: a newline begins another variable."""
    env = data.get("env")
    for key, value in (env if isinstance(env, Mapping) else {}).items():
        if not _NAME.match(str(key)):
            yield f"env.{display(key)}", key, "A variable's name has letters, digits and underscores."
        if _CONTROL.search(str(value)):
            yield f"env.{key}", value, "A newline would begin another variable in the guest."
