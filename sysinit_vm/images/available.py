"""Which image a VM boots from: the first of the config's list that is here or can be downloaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysinit_vm import files
from sysinit_vm.host_path import resolved
from sysinit_vm.machine.facts import Facts

DEBIAN = "sysinit-debian"
NIXOS = "sysinit-lima-"
KERNEL_CMDLINE = "root=/dev/vda console=ttyAMA0 console=ttyS0 rw quiet no_timer_check"
"""How a kernel boots our Debian image.

no_timer_check: on a busy host an emulated clock can fail the kernel's test of it, and the kernel then panics.
ttyAMA0 is the serial port of ARM machines; the last console that exists becomes /dev/console.
"""


@dataclass(frozen=True)
class Choice:
    """``entry`` is for Lima's ``images``, with absolute paths; ``kernel``, if the image has one, is to probe KVM with.

    ``entry`` is None if no image is available; ``buildable`` says that building our Debian image fixes that.
    ``left_to_lima`` says that the config's ``base`` provides the images.
    """

    entry: Mapping[str, Any] | None
    buildable: bool
    kernel: Path | None = None
    left_to_lima: bool = False

    @property
    def remote(self) -> bool:
        """Whether the image is a download; Debian's cloud kernels then lack 9p."""
        return self.entry is not None and "://" in str(self.entry["location"])

    @property
    def ours(self) -> bool:
        """Whether the image is the one that ``build.debian`` makes, or will be."""
        return self.buildable if self.entry is None else Path(str(self.entry["location"])).name.startswith(DEBIAN)


def directory(lima_home: Path) -> Path:
    """Return the directory of images (absolute); VmError if others can write it."""
    files.require_private(lima_home / "_images")
    return lima_home / "_images"


def debian_entry(lima_home: Path) -> dict[str, Any]:
    """Return the ``images`` entry of the image that ``build.debian`` makes, with its -latest links."""
    stem = directory(lima_home) / f"{DEBIAN}-latest"
    return {
        "location": f"{stem}.qcow2",
        "kernel": {"location": f"{stem}.vmlinuz", "cmdline": KERNEL_CMDLINE},
        "initrd": {"location": f"{stem}.initrd"},
    }


def debian_is_here(lima_home: Path) -> bool:
    """Whether the image that ``build.debian`` makes is there."""
    return _complete(debian_entry(lima_home))


def kernels(lima_home: Path, own: Path | None = None) -> list[Path]:
    """Return the kernels (absolute) to probe KVM with, the best first: the VM's ``own``, then our Debian image's."""
    ours = Path(debian_entry(lima_home)["kernel"]["location"])
    return list(dict.fromkeys([own, ours] if own else [ours]))


def choose(entries: Sequence[Mapping[str, Any]], facts: Facts, arch: str) -> Choice:
    """Return the first local entry for ``arch`` that exists, else none if ours can be built, else a download.

    Lima itself skips missing images silently, and would download if the wanted image is merely not built yet.
    """
    suitable = [_absolute(entry, facts) for entry in entries if entry.get("arch", arch) == arch]
    ours = any(_is_ours(entry) for entry in entries)
    if ours and not any(DEBIAN in str(entry["location"]) for entry in suitable):
        suitable.append(_absolute(debian_entry(facts.lima_home), facts))
    local = [entry for entry in suitable if "://" not in str(entry["location"])]
    remote = [entry for entry in suitable if "://" in str(entry["location"])]
    buildable = ours and facts.can_build_image and arch == facts.arch
    complete = next((entry for entry in local if _complete(entry)), None)
    if complete is not None:
        return Choice(complete, buildable, _kernel(complete))
    return Choice(None if buildable or not remote else remote[0], buildable)


def _is_ours(entry: Mapping[str, Any]) -> bool:
    name = Path(str(entry.get("location", ""))).name
    return name.startswith((DEBIAN, NIXOS))


def _absolute(entry: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    parts = [part for part in ("kernel", "initrd") if isinstance(entry.get(part), Mapping)]
    absolute = located(entry, facts) | {part: located(entry[part], facts) for part in parts}
    links = [Path(_expanded(typed, facts)) for typed in (entry, *(entry[part] for part in parts))]
    if parts and (build := _build(links)):
        absolute["location"] = str(build[0])
        for part, path in zip(parts, build[1:], strict=True):
            absolute[part] = {**absolute[part], "location": str(path)}
    return absolute


def _build(links: Sequence[Path]) -> list[Path]:
    """Return the files of the build that the first of ``links`` leads to, if all are links to the latest; or nothing.

    Links change one after the other as a build ends, and Lima copies what they lead to one after the other.
    """
    disk = links[0]
    if not disk.is_symlink() or {link.stem for link in links} != {disk.stem}:
        return []
    build = [link.with_name(resolved(disk).stem + link.suffix) for link in links]
    return build if all(path.is_file() for path in build) else []


def other_files(data: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Return what names files besides ``images`` in a config's ``data``, firmware and archives, each ``located``."""
    changed = dict[str, Any]()
    for key, inner in (("firmware", "images"), ("containerd", "archives")):
        if isinstance(part := data.get(key), Mapping) and isinstance(part.get(inner), list):
            entries = [located(entry, facts) if _names_a_file(entry) else entry for entry in part[inner]]
            changed[key] = {**part, inner: entries}
    return changed


def _names_a_file(entry: Any) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("location"), str)


def located(entry: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Return an entry with its location absolute: ``~/.lima`` means LIMA_HOME, and ``~`` the host's home.

    Lima does not fill that in for each kind of entry, and takes a relative path from whichever directory it is in.
    On macOS links are resolved: Lima copies a local file there as a clone of the link itself (2.2.0, pkg/downloader).
    """
    location = _expanded(entry, facts)
    if facts.system == "Darwin" and location.startswith("/"):
        location = str(resolved(location))
    return {**entry, "location": location}


def _expanded(entry: Mapping[str, Any], facts: Facts) -> str:
    location = str(entry.get("location", ""))
    if location.startswith("~/.lima/"):
        return str(facts.lima_home / location.removeprefix("~/.lima/"))
    return str(facts.home / location.removeprefix("~/")) if location.startswith("~/") else location


def _complete(entry: Mapping[str, Any]) -> bool:
    parts = [entry, *(entry[part] for part in ("kernel", "initrd") if part in entry)]
    return all(Path(str(part["location"])).is_file() for part in parts)


def _kernel(entry: Mapping[str, Any]) -> Path | None:
    return Path(str(entry["kernel"]["location"])) if "kernel" in entry else None
