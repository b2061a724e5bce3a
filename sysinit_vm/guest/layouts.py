"""Which layout a new session gets: one of Zellij's own, a file in the project, or one in the guest."""

import re
from collections.abc import Callable
from pathlib import Path

from sysinit_vm.errors import UsageError, typed
from sysinit_vm.projects.project import Project

# From Layout::stringified_from_default_assets of Zellij 0.45.
BUILT_IN = ("classic", "compact", "default", "disable-status-bar", "strider", "welcome")
_NAME = re.compile(r"\w[\w-]*\Z")


def find(project: Project, wanted: str, in_guest: Callable[[str], bool]) -> str:
    """Return what Zellij in the guest is given for ``--layout``: a name, or an absolute path in the project.

    A word with a slash or a suffix is a path, from the current directory. A name is one of Zellij's own, a file
    ``NAME.kdl`` beside the project's config, or a layout that the guest's user has according to ``in_guest``.
    UsageError if it is none of them, or if the guest cannot see it.
    """
    if not _NAME.match(wanted):
        return _file(project, wanted)
    own = project.config.with_name(f"{wanted}.kdl")
    if own.is_file():
        return str(own)
    if wanted in BUILT_IN or in_guest(wanted):
        return wanted
    raise UsageError(
        f"There is no layout {wanted!r}.",
        detail=f"Zellij has {', '.join(BUILT_IN)}. {own} does not exist, and no running guest has that layout.",
        hint="sysinit-vm shell --layout compact",
    )


def _file(project: Project, wanted: str) -> str:
    try:
        path = Path(wanted).expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"There is no layout {wanted!r}.", detail=str(error), hint="sysinit-vm shell --layout compact"
        ) from error
    if not path.is_file():
        raise UsageError(
            f"{path} is not a layout.", detail="A layout is a file.", hint="sysinit-vm shell --layout compact"
        )
    if not path.is_relative_to(project.root):
        shell = typed("sysinit-vm", "shell", "--layout", path.stem)
        raise UsageError(
            f"The guest cannot see the layout {path}.",
            detail=f"It lies outside the project, {project.root}.",
            hint=f"{typed('cp', path, project.config.parent)}, then {shell}",
        )
    return str(path)
