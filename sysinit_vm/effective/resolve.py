"""The config that limactl is given: a pure function of the committed config and this machine's facts."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sysinit_vm.config.document import Config, dump
from sysinit_vm.config.params import PROJECT_DIR, PROJECT_NAME, VM_NAME
from sysinit_vm.effective import machine_sizes, probes, ssh_keys, user_id
from sysinit_vm.effective.host_paths import HostPaths, without_links
from sysinit_vm.effective.machine_sizes import impossible
from sysinit_vm.effective.mounts import GIT_SIDE_MOUNT, effective_mounts, mount_point
from sysinit_vm.errors import VmError
from sysinit_vm.images import available
from sysinit_vm.images.available import Choice
from sysinit_vm.machine.facts import Facts
from sysinit_vm.ports import allocation
from sysinit_vm.ports.forwards import Key
from sysinit_vm.projects.project import Project

# /etc/environment has no escapes: `#` ends a value, and pam_env interprets quotes and backslashes.
_PLAIN_VALUE = re.compile(r"""[^#"'\\\x00-\x1f\x7f]+\Z""")


@dataclass(frozen=True)
class EffectiveConfig:
    """``data`` is complete, its paths absolute; ``notes`` tell the user what was replaced, and why."""

    data: dict[str, Any]
    notes: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        """The config as limactl reads it."""
        return dump(self.data) + "\n"


def arch(config: Config, facts: Facts) -> tuple[str, str]:
    """Return the VM's arch, and a note for the user that may be empty.

    What the config states wins, except for the original script's aarch64; VmError for an arch that Lima does not know.
    """
    stated = config.data.get("arch") or facts.arch
    if stated == "default" or (stated == "aarch64" and facts.arch != "aarch64"):
        note = "" if stated == "default" else f"arch: {stated} in the config becomes {facts.arch}, this machine's."
        return facts.arch, note
    if stated not in ("x86_64", "aarch64", "armv7l", "ppc64le", "riscv64", "s390x"):
        raise impossible(config, "arch", stated, "Lima knows x86_64, aarch64, armv7l, ppc64le, riscv64, s390x.")
    return str(stated), ""


def choose_image(config: Config, facts: Facts) -> Choice:
    """Return which of the config's images this machine can boot from."""
    if "images" not in config.data and config.data.get("base"):
        return Choice(None, buildable=False, left_to_lima=True)
    entries = config.data.get("images") or [available.debian_entry(facts.lima_home)]
    parts = [part for entry in entries for part in _parts(entry)] if isinstance(entries, list) else [None]
    if not all(isinstance(part, Mapping) for part in parts):
        raise impossible(config, "images", entries, "It is a list of mappings, each with a location.")
    return available.choose(entries, facts, arch(config, facts)[0])


def _parts(entry: Any) -> list[Any]:
    """Return an entry of ``images`` with its kernel and initrd."""
    inner = (
        [entry[key] for key in ("kernel", "initrd") if entry.get(key) is not None] if isinstance(entry, Mapping) else []
    )
    return [entry, *inner]


def effective_config(
    config: Config,
    project: Project,
    name: str,
    facts: Facts,
    scripts: Mapping[str, str],
    *,
    hosts: Mapping[Key, int] | None = None,
    strict_ports: bool = False,
    git_dir: Path | None = None,
) -> EffectiveConfig:
    """Return what limactl is given for ``project``'s VM ``name``.

    ``scripts`` maps a provision mode (system, user) to our own script for it, which runs first. ``hosts`` are the
    host ports of declared ports; a port that is not in it stays as declared. ``strict_ports`` forwards no others.
    ``git_dir`` (absolute) is what a git worktree shares with its repository, mounted beside the project.
    VmError if the config asks for what this machine cannot give.
    """
    _refuse_plain(config)
    vm_type, type_note = _vm_type(config, facts)
    vm_arch, arch_note = arch(config, facts)
    choice = choose_image(config, facts)
    data = {**config.data, "vmType": vm_type, "arch": vm_arch}
    data["param"] = _param(config, project, name, git_dir)
    if choice.entry is not None:
        data["images"] = [{**choice.entry, "arch": vm_arch}]
    if choice.kernel and (vm_type, vm_arch) == ("qemu", "x86_64"):
        # QEMU loads the kernel itself: UEFI would only add seconds to each boot.
        data.setdefault("firmware", {"legacyBIOS": True})
    data["cpus"], cpu_note = machine_sizes.cpus(config, facts)
    host_paths = HostPaths(facts.home, facts.lima_home, facts.lima_home / name, data["param"])
    data["mounts"], mount_notes = _mounts(config, project, facts, host_paths, git_dir)
    data["param"] |= ssh_keys.place(data["mounts"], facts)
    data["mountType"] = mount_type(config, vm_type, choice, data["mounts"], facts)
    memory, memory_note = machine_sizes.memory(config, facts)
    data |= {} if memory is None else {"memory": memory}
    machine_sizes.in_bytes(config, "disk")
    data["env"] = _env(config, project) | allocation.env(config, hosts or {})
    forwards = allocation.entries(config, hosts or {}, strict=strict_ports)
    if forwards:
        data["portForwards"] = [host_paths.forward(entry) for entry in forwards]
    if config.data.get("copyToHost"):
        data["copyToHost"] = [host_paths.copy(entry) for entry in _list(config, "copyToHost")]
    keys, keys_note = ssh_keys.left_out(config.data, facts.key_pairs)
    data |= available.other_files(data, facts) | keys
    data.setdefault("containerd", {"system": False, "user": False})
    ours = [{"mode": mode, "script": script} for mode, script in scripts.items()]
    data["provision"] = [*ours, *(without_links(entry, "playbook") for entry in _list(config, "provision"))]
    if config.data.get("networks"):
        data["networks"] = [without_links(entry, "socket") for entry in _list(config, "networks")]
    data["probes"], probe_note = probes.that_can_end(_list(config, "probes"))
    notes = (type_note, arch_note, cpu_note, memory_note, probe_note, keys_note, *mount_notes)
    others = (ssh_keys.unreached(data["mounts"], facts), user_id.note(config.data, choice, facts.uid))
    return EffectiveConfig(data, tuple(filter(None, (*notes, *others))))


def _refuse_plain(config: Config) -> None:
    stated = config.data.get("plain")
    if str(stated).lower() == "true":
        raise impossible(config, "plain", stated, "Lima would mount nothing, and the guest have no project.")


def _vm_type(config: Config, facts: Facts) -> tuple[str, str]:
    native = "vz" if facts.system == "Darwin" else "qemu"
    stated = config.data.get("vmType") or native
    if stated == "vz" and facts.system != "Darwin":
        return native, f"vmType: vz in the config becomes {native}: only macOS has vz."
    if stated not in ("vz", "qemu"):
        raise impossible(
            config, "vmType", stated, "This machine has " + ("vz and qemu." if native == "vz" else "qemu.")
        )
    return str(stated), ""


def _param(config: Config, project: Project, name: str, git_dir: Path | None) -> dict[str, str]:
    """Every param is named in the guest's setup script, because Lima refuses one that nothing uses."""
    theirs = config.data.get("param") or {}
    if not isinstance(theirs, Mapping):
        raise impossible(config, "param", theirs, "It is a mapping of names to text.")
    text = {key: value if isinstance(value, str) else dump(value) for key, value in theirs.items()}
    git = {"GIT_DIRECTORY": str(git_dir), "GIT_MOUNT": mount_point(git_dir, GIT_SIDE_MOUNT)} if git_dir else {}
    ours = {PROJECT_NAME: project.name, PROJECT_DIR: str(project.root), VM_NAME: name}
    return {**text, **ours, "PROJECT_MOUNT": mount_point(project.root), "ZELLIJ_SESSION": project.session, **git}


def _mounts(
    config: Config, project: Project, facts: Facts, host_paths: HostPaths, git_dir: Path | None
) -> tuple[list[dict[str, Any]], list[str]]:
    committed_dir = (config.data.get("param") or {}).get(PROJECT_DIR)
    mounts = _list(config, "mounts")
    return effective_mounts(mounts, project, facts, host_paths, committed_dir=committed_dir, git_dir=git_dir)


def left_out(config: Config, project: Project, name: str, facts: Facts) -> list[str]:
    """Return a note for each mount of ``config`` that its VM ``name`` does not get here, none if it cannot be told."""
    with suppress(VmError):
        host_paths = HostPaths(facts.home, facts.lima_home, facts.lima_home / name, config.data.get("param") or {})
        return _mounts(config, project, facts, host_paths, None)[1]
    return []


def mount_type(config: Config, vm_type: str, choice: Choice, mounts: Sequence[Mapping[str, Any]], facts: Facts) -> str:
    """Return how directories are mounted: as the config states, else by what the host confines to them.

    That is virtiofs with vz, and 9p with QEMU. An image without 9p gets virtiofs if each mount is writable, because
    QEMU's does not keep a guest from writing a read-only one (2.2.0). reverse-sshfs, which Lima would use, gives the
    guest the whole host: it is never chosen. The type may be one that the image cannot mount: `require_mountable`.
    """
    stated = config.data.get("mountType")
    if stated not in (None, "", "default"):
        return str(stated)
    if vm_type == "vz":
        return "virtiofs"
    writable = all(mount.get("writable") is True for mount in mounts)
    return "virtiofs" if lacks_9p(config, choice) and writable and facts.virtiofsd else "9p"


def lacks_9p(config: Config, choice: Choice) -> bool:
    """Whether the guest's kernel has no 9p: the config says so, or the image is Debian's own download."""
    unsupported = config.data.get("mountTypesUnsupported")
    stated = isinstance(unsupported, list) and "9p" in unsupported
    return stated or (choice.remote and choice.entry is not None and "debian" in str(choice.entry["location"]))


def require_mountable(config: Config, effective: EffectiveConfig, facts: Facts) -> None:
    """VmError if the VM's image could mount nothing in a way that this host confines."""
    if effective.data["mountType"] != "9p" or not lacks_9p(config, choose_image(config, facts)):
        return
    first = "" if facts.virtiofsd else "install virtiofsd and "
    raise VmError(
        "This VM's image cannot mount the project safely.",
        detail="Its kernel has no 9p. reverse-sshfs would let the guest read all your files, and QEMU's virtiofs does "
        "not keep it from writing a read-only mount.",
        hint="sysinit-vm setup, then sysinit-vm build.debian; "
        f"or {first}mount nothing read-only: sysinit-vm init --ssh agent, or --ssh none",
    )


def _env(config: Config, project: Project) -> dict[str, Any]:
    """PROJECT_NAME only if /etc/environment can carry it; the guest's login profile always has it."""
    theirs = config.data.get("env") or {}
    if not isinstance(theirs, Mapping):
        raise impossible(config, "env", theirs, "It is a mapping of names to text.")
    kept = {key: value for key, value in theirs.items() if key not in {"PROJECT_NAME", "ZELLIJ_SESSION"}}
    if _PLAIN_VALUE.match(project.name):
        kept["PROJECT_NAME"] = project.name
    return {**kept, "ZELLIJ_SESSION": project.session}


def _list(config: Config, key: str) -> list[dict[str, Any]]:
    value = config.data.get(key) or []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise impossible(config, key, value, "It is a list of mappings.")
    return value
