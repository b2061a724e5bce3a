"""limactl's log messages as stages that a user understands (the wording of limactl 2.2.0)."""

import re

_STAGES = (
    (r"Attempting to download|Downloading", "copying the image"),
    (r"Converting|Resiz|Expanding|Using cache|Growing", "preparing the disk"),
    (r"^Starting (QEMU|VZ)|Driver .* is ready", "booting"),
    (r"^Waiting for the essential requirement 1 of", "booting, waiting for ssh"),
    (r"^Waiting for the essential requirement", "preparing the login"),
    (r"^Waiting for the optional requirement", "running probes"),
    (r"^Waiting for the guest agent", "waiting for the guest agent"),
    (r"^Waiting for the final requirement", "provisioning"),
)


def stage(text: str) -> str | None:
    """Return the stage that a log message begins, None if it begins none."""
    return next((name for pattern, name in _STAGES if re.search(pattern, text)), None)
