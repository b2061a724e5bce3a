"""The names of sockets in a config, which ssh does not take as they are.

Lima hands `HOST:GUEST` to ssh's -L and -R (2.2.0). There a backslash is an escape, a colon ends a name, and ssh fills
in %d, %u and variables of this machine (ssh_config(5), LocalForward): what was judged would not be what is opened, and
`guestSocket: /tmp/${TOKEN}` would tell the guest the TOKEN.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sysinit_vm.trust.rules import mappings

_READ_BY_SSH = re.compile(r"[\\$%:\[\]{}\x00-\x1f\x7f]")
_FILLED_IN = re.compile(r"\{\{\s*\.(?:UID|User|Home|Name|Hostname|Dir|Param\.(\w+))\s*\}\}")
_WHY = "ssh reads it, and fills in variables of this machine: a socket's name has none of \\ $ % : [ ] { }."
_RELATIVE = "A socket of this machine is an absolute path."


def refused(data: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Yield where a socket's name is not what it seems, the value, and why; params are filled in."""
    param = data.get("param")
    params = param if isinstance(param, Mapping) else {}
    for number, forward in enumerate(mappings(data, "portForwards")):
        for key in ("hostSocket", "guestSocket"):
            text = str(forward.get(key) or "")
            if _READ_BY_SSH.search(_FILLED_IN.sub(lambda field: str(params.get(field[1] or "", "")), text)):
                yield f"portForwards[{number}].{key}", text, _WHY
    for number, network in enumerate(mappings(data, "networks")):
        socket = str(network.get("socket") or "")
        if socket and not socket.startswith("/"):
            yield f"networks[{number}].socket", socket, _RELATIVE
