"""Which directory is the project: the nearest one at or above the current one that has a config."""

import os
import re
from pathlib import Path

from sysinit_vm.errors import NoConfigError, UsageError, typed
from sysinit_vm.lima.home import lima_home
from sysinit_vm.projects.project import CONFIG, Project

_SURROGATE = re.compile("[\udc80-\udcff]")  # how Python shows bytes that are not UTF-8


def directory(option: str | None) -> Path:
    """Return the directory that ``--project`` or else the current directory means (absolute, resolved).

    UsageError if it does not exist.
    """
    try:
        path = Path(option or ".").expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise UsageError(
            f"No such project directory: {option or 'the current directory'}.",
            detail=str(error),
            hint=typed("mkdir", "-p", os.path.expanduser(option)) if option else "cd",  # noqa: PTH111  # never fails
        ) from error
    if not path.is_dir():
        raise UsageError(f"{path} is not a directory.", hint=typed("ls", "-ld", path))
    return path


def find(option: str | None) -> Project | None:
    """Return the nearest project at or above ``directory(option)``, None if there is none.

    A ``.lima`` that is LIMA_HOME itself is skipped: a config there would capture every directory below.
    """
    start = directory(option)
    for root in (start, *start.parents):
        lima = root / CONFIG.parent
        if os.path.lexists(root / CONFIG) and lima.resolve() != lima_home():
            return Project(root)
    return None


def require(option: str | None) -> Project:
    """Return the project as ``find`` does; NoConfigError (exit 3) with the command to type otherwise."""
    project = find(option)
    if project is None:
        raise NoConfigError(
            "No .lima/config.yaml found.",
            detail=f"Looked in {directory(option)} and every directory above it.",
            hint="sysinit-vm init",
        )
    return project


def for_init(option: str | None) -> Project:
    """Return the project that ``init`` makes in ``directory(option)``; UsageError if it cannot be one."""
    root = directory(option)
    problem = unusable(root)
    if problem:
        raise UsageError(
            f"{str(root)!r} cannot be a project directory.",
            detail=problem,
            hint="mkdir -p ~/projects/myapp && sysinit-vm init --project ~/projects/myapp",
        )
    return Project(root)


def unusable(root: Path) -> str:
    """Return why ``root`` (absolute) cannot be a project, empty if it can.

    A comma ends QEMU's option for the mount, and ``{{`` starts a Lima template. Lima reads param.env line by line and
    trims each line (2.2.0, cidata boot.sh).
    """
    text = str(root)
    if root == Path(root.anchor):
        return "It is the root of the file system: the VM would see, and could change, everything."
    if root == Path.home().resolve():
        return "It is your home directory: the VM would see, and could change, everything of yours."
    if root / ".lima" == lima_home():
        return "Its .lima is Lima's own directory of VMs (LIMA_HOME)."
    if _SURROGATE.search(text):
        return "Its path is not valid UTF-8."
    if not text.isprintable():
        return "Its path has a character that cannot be printed, such as a newline or a tab."
    if "," in text:
        return "Its path has a comma, which ends QEMU's option for the mount."
    if "{{" in text:
        return "Its path has '{{', which Lima would read as a template."
    if text != text.strip():
        return "Its path begins or ends with a space, which Lima would drop."
    return ""
