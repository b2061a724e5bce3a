"""The bash script that sysinit-vm replaces: not a part of this project, taken from a description where one is given."""

import re
from pathlib import Path

from sysinit_vm.errors import UsageError, typed

_BLOCK = re.compile(r"^```(?:bash|sh)[ \t]*\n(#!.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


def text(path: Path) -> str:
    """Return the script that is in the file ``path``: the file itself, or the first block with a ``#!`` of a Markdown.

    UsageError if the file cannot be read, or has none.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The script cannot be read: {path}.", detail=str(error), hint=typed("ls", "-l", path)
        ) from error
    script = content
    if path.suffix == ".md":
        block = _BLOCK.search(content)
        script = block[1] if block else ""
    if not script.startswith("#!"):
        raise UsageError(
            f"There is no script in {path}.",
            detail="It begins with #!, or is in a block of a Markdown file that does.",
            hint="inv bench.commands, without --seed-script",
        )
    return script
