"""Ansible playbooks of a config, which Lima runs on this machine as the user, by their paths (2.2.0, ansible.go)."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sysinit_vm import guest_writes
from sysinit_vm.host_path import resolved
from sysinit_vm.trust import included
from sysinit_vm.trust.danger import Context, Danger, Level, Where
from sysinit_vm.trust.rules import Dangers, mappings, text, whole

_EXCHANGED = (
    "an update of it could exchange the playbook, or what that includes. Put it elsewhere, or run ansible-playbook "
    "yourself once the VM is started."
)
_ABSOLUTE = re.compile(r"/[^\x00-\x1f\x7f]*")


def is_one(entry: Mapping[str, Any]) -> bool:
    """Whether an ``entry`` of ``provision`` makes Lima run a playbook, or names one."""
    return entry.get("mode") == "ansible" or bool(entry.get("playbook"))


def danger(where: Where, entry: Mapping[str, Any], _context: Context) -> Dangers:
    """It runs on this machine. Its text as it is now counts, and where its path leads now.

    VmError if there is something at its path that cannot be read as one plain file of ordinary size, or that another
    account can write.
    """
    playbook = text(entry.get("playbook"))
    means = resolved(playbook) if playbook else Path()
    leads = "" if str(means) == playbook or not playbook else f", which leads to {whole(str(means))},"
    exists = os.path.lexists(means) if playbook else False
    digest = hashlib.sha256(included.read_outside(means).encode()).hexdigest() if exists else ""
    note = "" if exists else "; which does not exist"
    words = (
        f"runs the Ansible playbook {whole(playbook)}{leads} on this machine, and what it includes, which is not read"
    )
    yield Danger(Level.RUNS, where, words + note, {"playbook": str(means) if playbook else "", "sha256": digest})


def refused(data: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Yield where a playbook is that no approval allows, its path, and why.

    Lima takes a relative path from the current directory of whoever types `start`. Lima runs it once the guest has
    booted, and Ansible loads more from beside it: what is in a repository, an update of that could exchange meanwhile.
    """
    for number, entry in enumerate(mappings(data, "provision")):
        value = entry.get("playbook")
        if value in (None, ""):
            continue
        where = f"provision[{number}].playbook"
        if not isinstance(value, str) or not _ABSOLUTE.fullmatch(value):
            yield where, value, "A playbook is an absolute path, without control characters."
        elif repository := _repository(Path(value)):
            yield where, value, f"{repository} is a git repository: {_EXCHANGED}"


def _repository(path: Path) -> Path | None:
    """Return the git repository that ``path`` (absolute) is in, or passes by links; a home under git counts as none."""
    home = resolved(Path.home())
    places = dict.fromkeys(place for way in guest_writes.ways(path) for place in (way, *way.parents))
    return next((one for one in places if os.path.lexists(one / ".git") and not home.is_relative_to(one)), None)
