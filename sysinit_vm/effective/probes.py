"""Probes of a config that a VM is given."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_SEED_PROBE = re.compile(r"^[ \t]*ssh [^\n]*\b127\.0\.0\.1 true[ \t]*$", re.MULTILINE)


def that_can_end(probes: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], str]:
    """Return ``probes`` without the original's, and a note for the user that may be empty.

    That one is ssh from the guest to itself, which has no key: a start would wait ten minutes.
    """
    kept = [probe for probe in probes if not _SEED_PROBE.search(str(probe.get("script", "")))]
    note = "probes: ssh from the guest to itself always fails and is left out." if len(kept) < len(probes) else ""
    return kept, note
