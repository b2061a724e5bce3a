"""How long a config may be: `limactl list` fails for all VMs if one of them takes more than a line of it."""

import json
from collections.abc import Mapping

from sysinit_vm.config.document import Config
from sysinit_vm.errors import VmError, edit
from sysinit_vm.trust.refusals import texts

_LONGEST_LISTED = 60_000  # characters; a line has 65,536, with what Lima fills in
# Characters that Lima adds at most (2.2.0): to a mount, whose mount point is its location, and to any other entry.
_FILLED_IN_MOUNT, _FILLED_IN = 170, 140


def check(config: Config) -> None:
    """VmError if the effective ``config`` is so long that `limactl list` would fail, for all VMs (2.2.0).

    It lists each VM in one line, in which `param` and `message` stand twice, with what it fills in.
    """
    data = config.data
    param, user = data.get("param"), data.get("user")
    named = [user.get("home"), user.get("name")] if isinstance(user, Mapping) else []
    named += param.values() if isinstance(param, Mapping) else []
    size = sum(len(json.dumps(part)) for part in (data, param, data.get("message")))
    # Each template may stand for any of those.
    size += max((len(str(value)) for value in named), default=0) * sum(text.count("{{") for _, text in texts((), data))
    for key, value in data.items():
        filled = [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
        size += sum(
            _FILLED_IN_MOUNT + len(str(entry.get("location"))) if key == "mounts" else _FILLED_IN for entry in filled
        )
    if size > _LONGEST_LISTED:
        raise VmError(
            f"{config.path} is too long.",
            detail=f"As limactl lists it, it has {size} characters of at most {_LONGEST_LISTED}, with which "
            "`limactl list` fails for all VMs.",
            hint=edit(config.path),
        )
