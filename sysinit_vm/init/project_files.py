"""What ``init`` writes: the config to commit, and the ``.gitignore`` beside it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm import hints, project_tree
from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.config.sizes import Size
from sysinit_vm.errors import UsageError, VmError
from sysinit_vm.init import namesakes, render, templates
from sysinit_vm.lima import names
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.instance import Instances
from sysinit_vm.project_tree import Content
from sysinit_vm.projects import default_names, search
from sysinit_vm.projects.project import CONFIG, Project
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say

# How ssh in the guest gets at the user's keys: ~/.ssh mounted read-only, the ssh-agent forwarded, or not at all.
SSH_CHOICES = ("keys", "agent", "none")
# The four patterns of the original script, then ours.
_GITIGNORE = """\
# Lima VM state files
*.sock
*.pid
ha.log
serial.log
# sysinit-vm: what init replaced, and its checks
config.yaml.*
.mounted-*
"""
_GITIGNORE_FILE = CONFIG.with_name(".gitignore")


@dataclass(frozen=True)
class InitResult:
    """What was written. ``config`` is what its text says, whatever the file holds by now: the guest can change it.

    ``old_config`` is where the replaced config was kept (absolute), None if there was none. ``trusted`` says that the
    config needs no approval, because nobody else had a hand in it.
    """

    project: Project
    config: Config
    old_config: Path | None
    vm_name: str
    trusted: bool = True


def init_project(
    template: str,
    *,
    directory: str | None,
    name: str | None,
    yes: bool,
    ssh: str | None = None,
    size: Size | None = None,
    instances: Instances | None = None,
) -> InitResult:
    """Write the config of ``directory`` (default: the current one), asking only before it overwrites one.

    ``name``, or else VM_NAME, is kept in the config for good. If ``instances`` has another project's VM of that name,
    the user is asked for another name on a terminal. ``ssh`` is one of SSH_CHOICES; None for ``ssh`` or ``size`` keeps
    the template's own. UsageError if the directory, template, name or choice is invalid; NotConfirmedError if an
    existing config may not be replaced. Both leave everything as it was.
    """
    project = checked_project(template, directory=directory, name=name, ssh=ssh, size=size)
    if has_config(project):
        question = ".lima/config.yaml already exists. Overwrite it?"
        prompts.confirm(question, yes=yes, refusal_hint="sysinit-vm init --yes")
    return write_config(project, template, namesakes.settle(instances, project, _requested_name(name)), ssh, size)


def checked_project(
    template: str, *, directory: str | None, name: str | None, ssh: str | None = None, size: Size | None = None
) -> Project:
    """Return the project that ``init_project`` would write for; UsageError if one of its arguments is invalid."""
    if ssh is not None and ssh not in SSH_CHOICES:
        raise UsageError(
            f"--ssh cannot be {ssh!r}.",
            detail=f"It is one of {', '.join(SSH_CHOICES)}.",
            hint=f"sysinit-vm {hints.typed_verb() or 'init'} --ssh agent",
        )
    project = search.for_init(directory)
    _requested_name(name)
    render.rendered_config(template, render.template_values(project, ssh=ssh), size)
    return project


def require_free_name(
    template: str, *, directory: str | None, name: str | None, ssh: str | None = None, instances: Instances | None
) -> Project:
    """Check the arguments and return the project; StateError if its name is another's and nobody can be asked."""
    project = checked_project(template, directory=directory, name=name, ssh=ssh)
    namesakes.require_free(instances, project, _requested_name(name))
    return project


def init_if_missing(
    template: str,
    *,
    directory: str | None,
    name: str | None,
    ssh: str | None = None,
    instances: Instances | None = None,
) -> InitResult | None:
    """Write a config as ``init_project`` does; None if the directory or one above it has a config already."""
    if search.find(directory) is not None:
        return None
    result = init_project(template, directory=directory, name=name, yes=False, ssh=ssh, instances=instances)
    say(f"Lima VM config created at {result.project.config}")
    return result


def _requested_name(option: str | None) -> str | None:
    longest = names.longest_vm_name(lima_home())
    for source, name in (("--name", option), ("VM_NAME", os.environ.get("VM_NAME"))):
        if name:
            hint = f"sysinit-vm init --name {names.legal(name, longest)}" if source == "--name" else ""
            return names.checked_vm_name(name, source=source, longest=longest, hint=hint)
    return None


def next_steps(result: InitResult, instances: Instances | None) -> str:
    """Return what ``init`` tells the user at the end: what was written, and the commands to type next.

    ``instances`` are those of this machine, None if they are not known.
    """
    start, shell = namesakes.first_commands(instances, result.project, result.vm_name)
    here = Path.cwd() == result.project.root
    written = str(CONFIG) if here else str(result.project.config)
    old_config = f"The old config is kept as {result.old_config}\n" if result.old_config else ""
    return (
        f"{old_config}Lima VM config created at {written}\n"
        f"VM name: {result.vm_name}\n\n"
        "Next steps:\n"
        f"  1. Review {written}{'' if result.trusted else ', and allow it: sysinit-vm trust'}\n"
        f"  2. Start VM: {start}\n"
        f"  3. Connect: {shell}"
    )


def has_config(project: Project) -> bool:
    """Whether the project has a config that would be replaced; VmError if what is in its place cannot be kept."""
    return _present(project, CONFIG) is not None


def write_config(
    project: Project, template: str, vm_name: str | None, ssh: str | None = None, size: Size | None = None
) -> InitResult:
    """Write the project's config from ``template``; an old one is kept beside it, named after the time.

    ``vm_name`` is kept in the config for good; None derives the name from the directory. UsageError if the template
    is unknown, VmError if a file cannot be written, or cannot be kept because it is a link or no small plain file; all
    of them leave everything as it was.
    """
    longest = names.longest_vm_name(lima_home())
    text = render.rendered_config(template, render.template_values(project, vm_name=vm_name, ssh=ssh), size)
    config = Config(project.config, document.parse(text, project.config))
    with _undone_on_failure(project) as new_files:
        old_config = _keep(project, new_files)
        _add_to_gitignore(project, new_files)
        project_tree.write(project.root, CONFIG, text.encode(), new=old_config is None)
    vm_name = vm_name or default_names.vm_name(project.root, longest)
    return InitResult(project, config, old_config, vm_name, templates.resolve(template).trusted)


def _present(project: Project, relative: Path) -> Content | None:
    """Return the project's file ``relative``; VmError with what makes room for a new one if it cannot be kept."""
    try:
        return project_tree.read(project.root, relative, document.LONGEST_BYTES)
    except VmError as error:
        hint = f"{error.hint}, then sysinit-vm init"
        raise VmError(error.brief, detail=error.detail, hint=hint) from error


def _add_to_gitignore(project: Project, new_files: list[Path]) -> None:
    """Give the .gitignore those of our lines that it lacks."""
    content = _present(project, _GITIGNORE_FILE)
    if content is None:
        new_files.append(_GITIGNORE_FILE)
    present, mode = (content.data, content.mode) if content else (b"", 0o644)
    missing = [line for line in _GITIGNORE.encode().splitlines() if line not in present.splitlines()]
    end = b"\n" if present and not present.endswith(b"\n") else b""
    data = present + end + b"".join(line + b"\n" for line in missing)
    project_tree.write(project.root, _GITIGNORE_FILE, data, mode=mode)


@contextmanager
def _undone_on_failure(project: Project) -> Iterator[list[Path]]:
    """If the block fails, as on a full disk, remove the files listed in it, and their directory if it was new.

    They stay if the config is not what it was: the old one is in one of them, or they are another command's by now.
    """
    new_files, before = list[Path](), _bytes(project)
    new_directory = [] if project_tree.exists(project.root, CONFIG.parent) else [CONFIG.parent]
    try:
        yield new_files
    except BaseException:
        for relative in (*new_files, *new_directory) if _bytes(project) == before else ():
            project_tree.remove(project.root, relative)
        raise


def _bytes(project: Project) -> bytes | None:
    with suppress(VmError):
        content = _present(project, CONFIG)
        return content.data if content else None
    return None


def _keep(project: Project, new_files: list[Path]) -> Path | None:
    """Copy the present config to a new file beside it and return that (absolute), None if there is no config."""
    content = _present(project, CONFIG)
    if content is None:
        return None
    copy = CONFIG.with_name(f"{CONFIG.name}.{time.strftime('%Y%m%d-%H%M%S')}")
    while project_tree.exists(project.root, copy):
        copy = copy.with_name(f"{copy.name}+")
    new_files.append(copy)
    project_tree.write(project.root, copy, content.data, mode=content.mode)
    return project.root / copy
