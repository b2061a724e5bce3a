"""What a VM has, compared with what it would be given now."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sysinit_vm import files
from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.drift import plan
from sysinit_vm.drift.plan import RECREATE, RESTART, Change
from sysinit_vm.effective import prepare, resolve
from sysinit_vm.effective.mounts import KEYS
from sysinit_vm.errors import VmError
from sysinit_vm.host_path import expanded, resolved
from sysinit_vm.images.image_files import latest_names
from sysinit_vm.lima.instance import Instance
from sysinit_vm.machine.facts import Facts
from sysinit_vm.ports import allocation, moves
from sysinit_vm.projects import committed_config
from sysinit_vm.projects.project import Project

UNKNOWN = "unknown"
_NO_KEYS = {"config", "known_hosts", "known_hosts.old"}  # of ~/.ssh
_BOOTED = "sysinit-vm-booted.json"  # in the instance's directory, so that it goes with the VM
# What we change in a running VM ourselves, and what differs each time it is read.
_OUR_IMAGES = re.compile(r'"/[^"]*/_images/(?=sysinit-)')
_NOT_COMPARED = ("provision", "param", "base", "minimumLimaVersion", "message")
_LEFT_TO_LIMA = (None, "", "default")


@dataclass(frozen=True)
class Drift:
    """``has`` is the instance's own config, ``wanted`` the one that it would be given now."""

    has: Mapping[str, Any]
    wanted: Mapping[str, Any]
    changes: tuple[Change, ...]

    @property
    def needs(self) -> str:
        """What the changes need: none, live, restart or recreate."""
        return plan.worst(self.changes)

    @property
    def needs_in_place(self) -> str:
        """What those that this VM can take need: none, live or restart."""
        return plan.worst([change for change in self.changes if change.needs != RECREATE])


def drift(instance: Instance, committed: Config, machine: Facts) -> Drift:
    """Return how ``instance`` differs from what ``committed`` gives it here; VmError if either is unreadable."""
    own = _own(instance)
    wanted = _wanted(instance, own, committed, machine)
    changes = plan.changes(own.data, wanted)
    if instance.running:
        changes += _since_boot(instance)
    return Drift(own.data, wanted, tuple(changes))


def summary(instance: Instance, machine: Facts) -> str:
    """Return none, live, restart or recreate; unknown if the config cannot be read, or has values of the wrong kind.

    One project's config hides no other's VM from `list`. It does not look at what LIMA_HOME/_config has changed since
    the boot; `plan` does.
    """
    if instance.project_dir is None or instance.silent:
        return UNKNOWN
    with suppress(VmError, OSError, *document.NOT_PLAIN):
        committed = committed_config.load(Project(instance.project_dir))
        if not committed.data.get("base"):
            own = _own(instance)
            return plan.worst(plan.changes(own.data, _wanted(instance, own, committed, machine)))
    return UNKNOWN


def _wanted(instance: Instance, own: Config, committed: Config, machine: Facts) -> dict[str, Any]:
    """Return what ``instance`` would be given now, with the host ports that it keeps."""
    project = Project(instance.project_dir or committed.path.parents[1])
    mounts = [mount for mount in own.data.get("mounts") or () if isinstance(mount, Mapping)]
    if _lacks_keys(machine) and not any(mount.get("mountPoint") == KEYS for mount in mounts):
        machine = replace(machine, ssh_dir=None)  # as when it was made: `ssh-config` makes one for its Include alone
    kept = allocation.kept(own, committed, moves.remembered(instance.dir))
    wanted = prepare.prepared(committed, project, instance.name, machine, kept).data
    if wanted["mountType"] == "9p" and resolve.lacks_9p(committed, resolve.choose_image(committed, machine)):
        wanted["mountType"] = own.data.get("mountType", "9p")  # only another image could change it
    if _of_any_build(own.data.get("images")) == _of_any_build(wanted.get("images")):
        wanted["images"] = own.data.get("images")  # a newer build of the same is for new VMs
    return wanted


def _of_any_build(images: Any) -> str:
    """Return ``images`` to compare: of ours by the name alone, as LIMA_HOME may have been moved to another drive."""
    return _OUR_IMAGES.sub('"', latest_names(json.dumps(images, sort_keys=True)))


def _lacks_keys(machine: Facts) -> bool:
    """Whether ~/.ssh holds nothing that a guest could log in with."""
    with suppress(OSError):
        return machine.ssh_dir is not None and {path.name for path in machine.ssh_dir.iterdir()} <= _NO_KEYS
    return False


def _own(instance: Instance) -> Config:
    """Return the config of ``instance`` as we write it now: with absolute locations and what it left to Lima.

    Earlier versions left these to Lima, and so does a VM that was made without us.
    """
    own = instance.config()
    mounts, images = own.data.get("mounts"), own.data.get("images")
    stated: dict[str, Any] = {"mountType": own.data.get("mountType") or instance.mount_type}
    for key in ("arch", "vmType"):
        if own.data.get(key) in _LEFT_TO_LIMA and instance.filled.get(key):
            stated[key] = instance.filled[key]
    if isinstance(mounts, list):
        stated["mounts"] = [_absolute(mount) for mount in mounts]
    if isinstance(images, list):
        arch = {**own.data, **stated}.get("arch")
        stated["images"] = [_with_arch(image, arch) for image in images]
    return replace(own, data={**own.data, **stated})


def _with_arch(image: Any, arch: Any) -> Any:
    """An image without an arch is for any; ours say the VM's."""
    return {**image, "arch": arch} if arch and isinstance(image, Mapping) and not image.get("arch") else image


def _absolute(mount: Any) -> Any:
    location = mount.get("location") if isinstance(mount, Mapping) else None
    if not (isinstance(location, str) and location.startswith("~/")):
        return mount
    return {**mount, "location": str(resolved(expanded(location)))}


def remember(instance: Instance) -> None:
    """Keep what ``instance`` was booted with, because Lima merges its defaults and overrides in at every read."""
    with suppress(VmError):
        files.write(instance.dir / _BOOTED, json.dumps(instance.filled), mode=0o600)


def _since_boot(instance: Instance) -> list[Change]:
    """Return what _config/default.yaml and override.yaml of LIMA_HOME have changed since the boot."""
    try:
        booted = json.loads(files.read_or_empty(instance.dir / _BOOTED))
    except (ValueError, RecursionError):
        return []
    before, now = _fixed_at_boot(booted), _fixed_at_boot(instance.filled)
    changes = plan.changes(before, now)
    return [
        Change(f"{change.what} (set for all VMs in LIMA_HOME/_config)", change.now, change.wanted, RESTART)
        for change in changes
    ]


def _fixed_at_boot(filled: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a config stays as it was booted; Lima reads whether the user's keys count at each login."""
    fixed = {key: value for key, value in filled.items() if key not in _NOT_COMPARED}
    if isinstance(ssh := fixed.get("ssh"), Mapping):
        fixed["ssh"] = {key: value for key, value in ssh.items() if key != "loadDotSSHPubKeys"}
    return fixed
