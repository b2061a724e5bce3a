"""Whether Lima takes a config: asked while nothing has been shown, stopped or deleted for it."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sysinit_vm.errors import VmError, edit
from sysinit_vm.escaping import printable
from sysinit_vm.lima.judged import JudgedConfig
from sysinit_vm.lima.limactl import Limactl

_ENTRY = re.compile(r"`(\w+)\[(\d+)\]")
_LONGEST = 300  # characters of an entry that are shown


def require(lima: Limactl, config: JudgedConfig, committed: Path) -> None:
    """VmError if Lima would not take ``config``, which was made from the file ``committed`` (absolute)."""
    refusal = lima.refusal(config)
    if refusal:
        raise VmError(
            f"Lima does not take the new config of {config.name}. Nothing was changed.",
            detail="\n".join([refusal, *_entries(refusal, config.data)]),
            hint=edit(committed),
        )


def _entries(refusal: str, data: Mapping[str, Any]) -> Iterator[str]:
    """Show the entries that Lima names by their numbers, which are others than in the committed config."""
    for key, number in dict.fromkeys(_ENTRY.findall(refusal)):
        entries = data.get(key)
        if isinstance(entries, list) and int(number) < len(entries):
            yield f"{key}[{number}] is {printable(json.dumps(entries[int(number)], ensure_ascii=False), _LONGEST)}"
