"""The log messages of limactl and the host agent (JSON lines, Lima 2.2)."""

import json

Message = tuple[str, str]  # level (info, warning, error, fatal) and text


def message(line: str) -> Message:
    """Return the message in one line of a JSON log; any other line is an ``info`` as it is."""
    try:
        entry = json.loads(line)
        text, level = str(entry["msg"]), str(entry["level"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ("info", line)
    if entry.get("error"):
        text = f"{text}: {entry['error']}"
    return (level, text.removeprefix("[hostagent] "))


def reason(output: str) -> str:
    """Return why limactl failed: its fatal and error messages, or else its last five lines."""
    messages = [message(line) for line in output.splitlines()]
    errors = [text for level, text in messages if level in {"fatal", "error"}]
    return "\n".join(dict.fromkeys(errors or [text for _, text in messages[-5:]]))
