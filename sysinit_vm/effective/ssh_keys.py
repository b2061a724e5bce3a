"""Which of the user's own keys, and of what lies beside them in ~/.ssh, a VM can be given."""

from collections.abc import Iterable, Mapping
from typing import Any

from sysinit_vm.effective.mounts import KEYS, Mount
from sysinit_vm.machine.facts import Facts

_MOST_NAMED = 5
KEY = "loadDotSSHPubKeys"
_MOST = 99  # with Lima's own: ssh takes 100 ("Too many identity files specified", OpenSSH 9.2)
LEFT_OUT = f"ssh: ~/.ssh has more than {_MOST} key pairs, with which no login works: the VM does without them ({KEY})."
"""What users are told if their keys are left out."""


def too_many(ssh: Any, key_pairs: int) -> bool:
    """Whether limactl would give ssh too many keys for a VM whose config has ``ssh``; no login would work."""
    return isinstance(ssh, Mapping) and ssh.get(KEY) is True and key_pairs > _MOST


def without(ssh: Any) -> dict[str, Any]:
    """Return ``ssh`` without the user's own keys; Lima's is enough."""
    return {**ssh, KEY: False}


def left_out(config: Mapping[str, Any], key_pairs: int) -> tuple[dict[str, Any], str]:
    """Return what changes in ``config`` if the user has too many keys, and then a note; otherwise nothing."""
    ssh = config.get("ssh")
    return ({"ssh": without(ssh)}, LEFT_OUT) if too_many(ssh, key_pairs) else ({}, "")


def place(mounts: Iterable[Mount], facts: Facts) -> dict[str, str]:
    """Return the param that says where ~/.ssh is on the host, by which its config may name files, if it is lent."""
    return {"SSH_DIR": str(facts.ssh_dir)} if _lent(mounts) else {}


def unreached(mounts: Iterable[Mount], facts: Facts) -> str:
    """Return a note if ~/.ssh is lent and has links out of it, which lead nowhere in the guest; otherwise nothing."""
    if not facts.ssh_links or not _lent(mounts):
        return ""
    more = len(facts.ssh_links) - _MOST_NAMED
    names = ", ".join(facts.ssh_links[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"ssh: the guest does not have {names}: links out of ~/.ssh. To lend such a file, copy it to ~/.ssh."


def _lent(mounts: Iterable[Mount]) -> bool:
    return any(mount.get("mountPoint") == KEYS for mount in mounts)
