"""Which layout a new session gets: one of Zellij's, a file of the project, or one in the guest."""

import re
from collections.abc import Callable
from pathlib import Path

from sysinit_vm.errors import UsageError, typed
from sysinit_vm.projects.project import Project

# Zellij 0.45: Layout::stringified_from_default_assets.
BUILT_IN = ("classic", "compact", "default", "disable-status-bar", "strider", "welcome")
_NAME = re.compile(r"\w[\w-]*\Z")


def find(home: Project, asked: str, in_guest: Callable[[str], bool]) -> str:
    """Return what Zellij in the guest is told for ``--layout``: a name, or an absolute path in the project.

    A word with a slash or an ending is a path, from the current directory. A name is one of Zellij's own, a file
    ``NAME.kdl`` beside the project's config, or one that ``in_guest`` says the guest's user has. UsageError for
    what is none of them, or lies where the guest cannot see it.
    """
    if not _NAME.match(asked):
        return _file(home, asked)
    ours = home.config.with_name(f"{asked}.kdl")
    if ours.is_file():
        return str(ours)
    if asked in BUILT_IN or in_guest(asked):
        return asked
    raise UsageError(
        f"There is no layout {asked!r}.",
        detail=f"Zellij's own are {', '.join(BUILT_IN)}. {ours} is not there, and no running guest has one so called.",
        hint="sysinit-vm shell --layout compact",
    )


def _file(home: Project, asked: str) -> str:
    try:
        path = Path(asked).expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"There is no layout {asked!r}.", detail=str(error), hint="sysinit-vm shell --layout compact"
        ) from error
    if not path.is_file():
        raise UsageError(
            f"{path} is no layout.", detail="A layout is a file.", hint="sysinit-vm shell --layout compact"
        )
    if not path.is_relative_to(home.root):
        raise UsageError(
            f"The guest cannot see the layout {path}.",
            detail=f"It lies outside the project, {home.root}.",
            hint=f"{typed('cp', path, home.config.parent)}, then {typed('sysinit-vm', 'shell', '--layout', path.stem)}",
        )
    return str(path)
