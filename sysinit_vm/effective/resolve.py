"""The config that limactl is given: a pure function of the committed config and this machine's facts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sysinit_vm.config.document import Config, dump
from sysinit_vm.config.params import PROJECT_DIR, PROJECT_NAME, VM_NAME
from sysinit_vm.config.sizes import in_bytes
from sysinit_vm.errors import VmError, edit
from sysinit_vm.images import available
from sysinit_vm.images.available import Choice
from sysinit_vm.machine.facts import Facts
from sysinit_vm.ports import allocation
from sysinit_vm.ports.forwards import Key
from sysinit_vm.projects.project import Project

# Where the project is mounted first when Lima's generated user-data cannot carry its path: `[`, ` #`, `: `
# and spaces break the line that Lima writes there unquoted (2.2.0). The guest's setup binds it to its place.
SIDE_MOUNT = "/mnt/sysinit-project"
GIT_SIDE_MOUNT = "/mnt/sysinit-git"
_WRITABLE: Mapping[str, Any] = {"writable": True, "9p": {"securityModel": "none", "cache": "mmap"}}
KEYS = "/mnt/host-ssh"  # where the guest's setup looks for the host's ~/.ssh
_PLAIN_PATH = re.compile(r"/[\w./+@=~-]*\Z")
_SEED_PROBE = re.compile(r"^\s*ssh [^\n]*\b127\.0\.0\.1 true\s*$", re.MULTILINE)
# /etc/environment knows no escapes: `#` ends a value, and pam_env takes quotes and backslashes for its own.
_PLAIN_VALUE = re.compile(r"""[^#"'\\\x00-\x1f\x7f]+\Z""")


@dataclass(frozen=True)
class Effective:
    """``data`` is complete and absolute; ``words`` tell the user what was replaced, and why."""

    data: dict[str, Any]
    words: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        """The config as limactl reads it."""
        return dump(self.data) + "\n"


def arch(config: Config, facts: Facts) -> tuple[str, str]:
    """Return the VM's arch and a word about it, empty where there is nothing to say.

    What the config states wins, but for the seed's own aarch64; VmError for what Lima does not know.
    """
    stated = config.data.get("arch") or facts.arch
    if stated == "default" or (stated == "aarch64" and facts.arch != "aarch64"):
        word = "" if stated == "default" else f"arch: {stated} in the config becomes {facts.arch}, this machine's."
        return facts.arch, word
    if stated not in ("x86_64", "aarch64", "armv7l", "ppc64le", "riscv64", "s390x"):
        raise _impossible(config, "arch", stated, "Lima knows x86_64, aarch64, armv7l, ppc64le, riscv64, s390x.")
    return str(stated), ""


def choose_image(config: Config, facts: Facts) -> Choice:
    """Return which of the config's images this machine can boot from."""
    if "images" not in config.data and config.data.get("base"):
        return Choice(None, buildable=False, left_to_lima=True)
    entries = config.data.get("images") or [available.debian_entry(facts.lima_home)]
    if not isinstance(entries, list) or not all(isinstance(each, Mapping) for each in entries):
        raise _impossible(config, "images", entries, "It is a list of mappings, each with a location.")
    return available.choose(entries, facts, arch(config, facts)[0])


def effective(
    config: Config,
    project: Project,
    name: str,
    facts: Facts,
    setup: Mapping[str, str],
    *,
    hosts: Mapping[Key, int] | None = None,
    strict_ports: bool = False,
    git_dir: Path | None = None,
) -> Effective:
    """Work out what limactl is given for ``project``'s VM ``name``.

    ``setup`` maps a provision mode (system, user) to our own script for it, which runs first. ``hosts`` are the
    host ports of declared ports; one that is not in it stays as declared. ``strict_ports`` forwards no others.
    ``git_dir`` (absolute) is what a git worktree shares with its repository, mounted beside the project.
    VmError where the config asks for what this machine cannot give.
    """
    vm_type, type_word = _vm_type(config, facts)
    machine, arch_word = arch(config, facts)
    choice = choose_image(config, facts)
    data = {**config.data, "vmType": vm_type, "arch": machine}
    data["param"] = _param(config, project, name, git_dir)
    if choice.entry is not None:
        data["images"] = [{**choice.entry, "arch": machine}]
    if choice.kernel and (vm_type, machine) == ("qemu", "x86_64"):
        # QEMU loads the kernel itself: UEFI would only add seconds to each boot.
        data.setdefault("firmware", {"legacyBIOS": True})
    if choice.remote and vm_type == "qemu":
        data.setdefault("mountType", "reverse-sshfs")
    data["cpus"], cpu_word = _at_most(config, "cpus", facts.cpus)
    data["mounts"], mount_words = _mounts(config, project, facts)
    data["mounts"] += _git_mount(git_dir, data["mounts"])
    data["memory"], memory_word = _memory(config, facts)
    if data["memory"] is None:
        del data["memory"]
    data["env"] = _env(config, project) | allocation.env(config, hosts or {})
    forwards = allocation.written(config, hosts or {}, strict=strict_ports)
    if forwards:
        data["portForwards"] = forwards
    data.setdefault("containerd", {"system": False, "user": False})
    scripts = [{"mode": mode, "script": script} for mode, script in setup.items()]
    data["provision"] = [*scripts, *_list(config, "provision")]
    data["probes"], probe_word = _probes(config)
    return Effective(data, tuple(filter(None, (type_word, arch_word, cpu_word, memory_word, probe_word, *mount_words))))


def _vm_type(config: Config, facts: Facts) -> tuple[str, str]:
    own = "vz" if facts.system == "Darwin" else "qemu"
    stated = config.data.get("vmType") or own
    if stated == "vz" and facts.system != "Darwin":
        return own, f"vmType: vz in the config becomes {own}: vz is macOS's own."
    if stated not in ("vz", "qemu"):
        raise _impossible(
            config, "vmType", stated, "This machine can do " + ("vz and qemu." if own == "vz" else "qemu.")
        )
    return str(stated), ""


def _param(config: Config, project: Project, name: str, git_dir: Path | None) -> dict[str, str]:
    """Every param is named in the guest's setup script, since Lima refuses one that nothing uses."""
    theirs = config.data.get("param") or {}
    if not isinstance(theirs, Mapping):
        raise _impossible(config, "param", theirs, "It is a mapping of names to text.")
    text = {key: value if isinstance(value, str) else dump(value) for key, value in theirs.items()}
    git = {"GIT_DIRECTORY": str(git_dir), "GIT_MOUNT": _mount_point(git_dir, GIT_SIDE_MOUNT)} if git_dir else {}
    ours = {PROJECT_NAME: project.name, PROJECT_DIR: str(project.root), VM_NAME: name}
    return {**text, **ours, "PROJECT_MOUNT": _mount_point(project.root), "ZELLIJ_SESSION": project.session, **git}


def _mount_point(place: Path, aside: str = SIDE_MOUNT) -> str:
    return str(place) if _PLAIN_PATH.match(str(place)) else aside


def _git_mount(git_dir: Path | None, others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a worktree shares with its repository, at the host's own path, since git writes down whole paths."""
    if git_dir is None or any(each.get("location") == str(git_dir) for each in others):
        return []
    return [{**_WRITABLE, "location": str(git_dir), "mountPoint": _mount_point(git_dir, GIT_SIDE_MOUNT)}]


def _mounts(config: Config, project: Project, facts: Facts) -> tuple[list[dict[str, Any]], list[str]]:
    """The project's mount is put where it belongs; one that this host lacks is left out, as Lima would make it."""
    kept, words, theirs = [], list[str](), None
    for mount in _list(config, "mounts"):
        location = str(mount.get("location", ""))
        place = _place(location, config, project, facts)
        if place == project.root:
            theirs = mount
        elif place == facts.home / ".ssh" and facts.ssh_dir is None:
            continue
        elif place == facts.ssh_dir and place is not None and not mount.get("writable"):
            kept.append({"mountPoint": KEYS, **mount})  # the seed's has no mountPoint, so no ssh looked there
        elif place is None or place == facts.ssh_dir or place.is_dir():
            stands = place is None or location.startswith(("/", "~/"))
            kept.append(dict(mount) if stands else {**mount, "location": str(place)})
        else:
            words.append(f"mounts: {place} does not exist here, and is left out.")
    ours = {**(theirs or _WRITABLE), "location": str(project.root), "mountPoint": _mount_point(project.root)}
    return [_fresh(mount) for mount in (*kept, ours)], words


def _fresh(mount: Mapping[str, Any]) -> dict[str, Any]:
    """Lima's own default for a read-only mount (fscache) keeps what it once read: a host's edit goes unseen."""
    own = mount.get("9p") or {}
    return {**mount, "9p": {"cache": "mmap", **own}} if isinstance(own, Mapping) else dict(mount)


def _place(location: str, config: Config, project: Project, facts: Facts) -> Path | None:
    """Return the host directory that a mount means; None where it is Lima's to say, or to refuse."""
    committed = (config.data.get("param") or {}).get(PROJECT_DIR)
    if location in {"{{.Param.PROJECT_DIR}}", committed}:
        return project.root
    if "{{" in location or not location:
        return None
    relative = facts.home / location[2:] if location.startswith("~/") else Path(location)
    place = project.root / relative
    return project.root if place.resolve() == project.root else place


def _env(config: Config, project: Project) -> dict[str, Any]:
    """PROJECT_NAME only where /etc/environment can carry it; the guest's login profile always has it."""
    theirs = config.data.get("env") or {}
    if not isinstance(theirs, Mapping):
        raise _impossible(config, "env", theirs, "It is a mapping of names to text.")
    kept = {key: value for key, value in theirs.items() if key not in {"PROJECT_NAME", "ZELLIJ_SESSION"}}
    if _PLAIN_VALUE.match(project.name):
        kept["PROJECT_NAME"] = project.name
    return {**kept, "ZELLIJ_SESSION": project.session}


def _probes(config: Config) -> tuple[list[dict[str, Any]], str]:
    """Leave out the seed's own probe: ssh from the guest to itself has no key, so it fails for ten minutes."""
    probes = _list(config, "probes")
    kept = [probe for probe in probes if not _SEED_PROBE.search(str(probe.get("script", "")))]
    word = "probes: ssh from the guest to itself can only fail, and is left out." if kept != probes else ""
    return kept, word


def _at_most(config: Config, key: str, most: int) -> tuple[Any, str]:
    stated = config.data.get(key)
    if isinstance(stated, int) and stated > most:
        return most, f"{key}: {stated} in the config becomes {most}, all that this machine has."
    return stated if stated is not None else min(4, most), ""


def _memory(config: Config, facts: Facts) -> tuple[Any, str]:
    """At most what the machine has; Lima itself defaults to half of it, and to 4 GiB at the most."""
    stated = config.data.get("memory")
    wished = in_bytes(stated)
    if not isinstance(wished, int) or wished <= facts.memory * 2**20:
        return stated, ""
    return f"{facts.memory}MiB", f"memory: {stated} in the config becomes {facts.memory}MiB, all that this machine has."


def _list(config: Config, key: str) -> list[dict[str, Any]]:
    value = config.data.get(key) or []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise _impossible(config, key, value, "It is a list of mappings.")
    return value


def _impossible(config: Config, key: str, value: object, why: str) -> VmError:
    return VmError(f"{key}: {value!r} in {config.path} is not possible here.", detail=why, hint=edit(config.path))
