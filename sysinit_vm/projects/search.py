"""Which directory is the project: the nearest one at or above the current one that has a config."""

import os
import re
import stat
from pathlib import Path

from sysinit_vm import guest_writes, settings, user_account, user_directories
from sysinit_vm.config import guest_places
from sysinit_vm.errors import NoConfigError, UsageError, typed
from sysinit_vm.host_path import expanded, resolved
from sysinit_vm.lima.home import lima_home
from sysinit_vm.projects.project import CONFIG, Project, same

_SURROGATE = re.compile("[\udc80-\udcff]")  # how Python shows bytes that are not UTF-8
_MAKE_ONE = "mkdir -p ~/code/shop && cd ~/code/shop && sysinit-vm up"


def directory(option: str | None, *, for_new: bool = False) -> Path:
    """Return the directory that ``--project`` or else the current directory means (absolute, resolved).

    UsageError if it does not exist; ``for_new`` says that a project is to be made there, so the hint is to make it. No
    link is followed where a guest can write.
    """
    try:
        path = _looked_up(option) if option else Path.cwd()
        is_directory = stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError) as error:
        gone, detail = isinstance(error, FileNotFoundError), str(error)
        raise UsageError(
            f"No such project directory: {option or 'the current directory'}.",
            detail="It does not exist." if gone else detail,
            hint=_look(option, for_new=for_new) if option else "cd",
        ) from error
    if not is_directory:
        raise UsageError(f"{path} is not a directory.", hint=typed("ls", "-ld", path))
    return path


def _looked_up(option: str) -> Path:
    """Return what ``option`` means (absolute, links resolved), looked up once: a guest may exchange it meanwhile."""
    *links, path = guest_writes.links_passed(str(expanded(option).absolute()))
    guests = next((link for link in links if guest_writes.is_guests(link.parent)), None)
    if guests:
        detail = f"{guests} is a link, which may lead anywhere on this machine: a guest can write there."
        raise UsageError(f"--project {option} is not followed.", detail=detail, hint=typed("ls", "-ld", guests))
    return path


def _look(option: str, *, for_new: bool) -> str:
    """Return the command that makes the directory ``option``, or lists the nearest one above it."""
    missing = os.path.expanduser(option)  # noqa: PTH111  # never fails
    above = next((parent for parent in Path(missing).parents if os.path.isdir(parent)), ".")  # noqa: PTH112
    return typed("mkdir", "-p", missing) if for_new else typed("ls", above)


def nearest(option: str | None) -> Project | None:
    """Return the nearest directory with a config at or above ``directory(option)``, None if there is none.

    It may be one that cannot be a project. A ``.lima`` that is LIMA_HOME itself is skipped: a config there would
    capture every directory below.
    """
    start = directory(option)
    for root in (start, *start.parents):
        lima = root / CONFIG.parent
        if os.path.lexists(root / CONFIG) and not same(lima, lima_home()):
            return Project(root)
    return None


def find(option: str | None) -> Project | None:
    """Return the nearest project at or above ``directory(option)``, None if there is none.

    UsageError if it cannot be one.
    """
    project = nearest(option)
    return checked(project) if project else None


def usable(option: str | None) -> Project | None:
    """As ``find``, but None also for one that cannot be a project: for commands that --name tells their VM."""
    project = nearest(option)
    return None if project is None or unusable(project.root) else project


def require(option: str | None) -> Project:
    """Return the project as ``find`` does; NoConfigError (exit 3) with the command to type otherwise."""
    project = find(option)
    if project is None:
        root = directory(option)
        detail = f"Looked in {root} and every directory above it."
        problem = unusable(root)  # so init would refuse it too
        if problem:
            detail = f"{detail}\nA project has a directory of its own, and this cannot be one. {problem}"
        raise NoConfigError(
            "No .lima/config.yaml found.", detail=detail, hint=_MAKE_ONE if problem else "sysinit-vm init"
        )
    return project


def checked(project: Project) -> Project:
    """Return ``project``, which has a config; UsageError with what to type if it cannot be one."""
    problem = unusable(project.root)
    if problem:
        raise _refused(
            project.root,
            f"{problem}\nIt has a .lima/config.yaml, so commands in it and below mean it. --name reaches any VM.",
            f"{typed('rm', project.config)}, or sysinit-vm init in a directory below it",
        )
    return project


def for_init(option: str | None) -> Project:
    """Return the project that ``init`` makes in ``directory(option)``; UsageError if it cannot be one.

    So it is for root by sudo in another account's directory, and for our own clone unless ``option`` names it: whoever
    has just cloned it may have stayed there.
    """
    root = directory(option, for_new=True)
    user_account.refuse_sudo(root)
    problem = unusable(root)
    if problem:
        raise _refused(root, problem, _MAKE_ONE)
    if not option and (root / "bootstrap.sh").is_file() and (root / "sysinit_vm" / "__main__.py").is_file():
        raise UsageError(
            f"{str(root)!r} is sysinit-vm itself, not a project of yours.",
            detail="The VM is for the directory in which this is typed. Go to your project's, or make one. To work on "
            "sysinit-vm in a VM, add --project .",
            hint=_MAKE_ONE,
        )
    return Project(root)


def _refused(root: Path, why: str, hint: str) -> UsageError:
    return UsageError(f"{str(root)!r} cannot be a project directory.", detail=why, hint=hint)


def unusable(root: Path) -> str:
    """Return why ``root`` (absolute) cannot be a project, empty if it can.

    Its guest can write all of it, so it neither holds what runs as its user nor what no guest may change.
    A comma ends QEMU's option for the mount, and ``{{`` starts a Lima template. Lima reads param.env line by line and
    trims each line (2.2.0, cidata boot.sh).
    """
    text = str(root)
    if root == Path(root.anchor):
        return "It is the root of the file system: the VM would see, and could change, everything."
    if problem := _exposed(root):
        return problem
    if lost := guest_places.deleted(text):
        return f"{lost} You would lose the project's files."
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


def _exposed(root: Path) -> str:
    """Return what the guest of a project at ``root`` could change of what is not the project's, empty if nothing."""
    home = resolved(Path.home())
    if same(home, root):
        return "It is your home directory: the VM would see, and could change, everything of yours."
    if _holds(root, home):
        return f"Your home directory, {home}, is in it: the VM would see, and could change, everything of yours."
    if root / ".lima" == lima_home():
        return "Its .lima is Lima's own directory of VMs (LIMA_HOME)."
    own = {
        "Lima's own directory of VMs (LIMA_HOME)": lima_home(),
        "sysinit-vm's own data, with what you allowed": resolved(user_directories.data()),
        "sysinit-vm's own settings": resolved(settings.user_file().parent),
        "sysinit-vm's own cache": resolved(user_directories.cache()),
    }
    for name, directory in own.items():
        if _holds(directory, root):
            return f"It is, or is in, {directory}: {name}."
    programs = {f"what your programs read in ~/{name}": resolved(home / name) for name in (".local", ".config")}
    for name, directory in {**own, **programs}.items():
        if _holds(root, directory):
            return f"{directory} is in it, and the VM could change {name}."
    return ""


def _holds(outer: Path, inner: Path) -> bool:
    """Whether ``inner`` is ``outer`` or is in it (absolute, links resolved), whatever the case of their letters."""
    return any(same(path, outer) for path in (inner, *inner.parents))
