"""The guest's user has the host account's uid, which an image may have given to an account of its own.

Then nobody can log in ("UID 998 is not unique"), and a start runs into its time limit. Our own image gives way
(templates/guest-image, lima-init).
"""

from collections.abc import Mapping
from typing import Any

from sysinit_vm.images.available import Choice

# Debian, Fedora and their like give uids to services from 100 up and from 999 down (login.defs, sysusers.d).
_SERVICES = (range(100, 200), range(900, 1000))


def note(config: Mapping[str, Any], choice: Choice, uid: int) -> str:
    """Return what to tell the user before a foreign image boots, empty if nothing. ``uid`` is the account's."""
    user = config.get("user")
    stated = isinstance(user, Mapping) and user.get("uid")
    if stated or choice.ours or not any(uid in services for services in _SERVICES):
        return ""
    return (
        f"user: this image may have an account with your uid {uid} already. Then nobody can log in, and the start "
        "waits in vain. Our own image takes any uid: sysinit-vm setup, then sysinit-vm build.debian. With another "
        "user.uid in the config, the guest's user cannot write the project."
    )
