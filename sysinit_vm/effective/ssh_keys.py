"""How many of the user's own keys a VM can be given."""

from collections.abc import Mapping
from typing import Any

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
