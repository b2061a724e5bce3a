"""What ``init`` writes: the committed config and the ``.gitignore`` beside it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sysinit_vm import files
from sysinit_vm.config.sizes import Size
from sysinit_vm.errors import UsageError, VmError, typed
from sysinit_vm.init import namesakes, render, templates
from sysinit_vm.lima import names
from sysinit_vm.lima.home import lima_home
from sysinit_vm.lima.limactl import Limactl
from sysinit_vm.projects import default_names, search
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say

# How ssh in the guest gets at your keys: ~/.ssh mounted read-only, your ssh-agent forwarded, or not at all.
SSH_CHOICES = ("keys", "agent", "none")
# The seed's four patterns, then ours.
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


@dataclass(frozen=True)
class Written:
    """``replaced`` is where the old config was kept (absolute), None where there was none.

    ``trusted`` says that nobody else had a hand in what was written.
    """

    home: Project
    replaced: Path | None
    vm_name: str
    trusted: bool = True


def run(
    template: str,
    *,
    directory: str | None,
    name: str | None,
    yes: bool,
    ssh: str | None = None,
    size: Size | None = None,
    lima: Limactl | None = None,
) -> Written:
    """Write the config of ``directory``, the current one without it; asks only before it overwrites.

    ``name`` or else VM_NAME is kept for good; where ``lima`` has another project's VM of it, a terminal is asked for
    another. ``ssh`` is one of SSH_CHOICES, None the template's own, as for ``size``. UsageError for
    a directory, template, name or choice that cannot be; NotConfirmedError where an existing config may not be
    replaced. Then nothing was changed.
    """
    home = check(template, directory=directory, name=name, ssh=ssh, size=size)
    if existing(home):
        question = ".lima/config.yaml already exists. Overwrite it?"
        prompts.confirm(question, yes=yes, refusal_hint="sysinit-vm init --yes")
    return write(home, template, namesakes.settle(lima, home, _kept_name(name)), ssh, size)


def check(
    template: str, *, directory: str | None, name: str | None, ssh: str | None = None, size: Size | None = None
) -> Project:
    """Return the project that ``run`` would write for; UsageError for what cannot be, before anything is done."""
    if ssh is not None and ssh not in SSH_CHOICES:
        raise UsageError(
            f"--ssh cannot be {ssh!r}.",
            detail=f"It is one of {', '.join(SSH_CHOICES)}.",
            hint="sysinit-vm init --ssh agent",
        )
    home = search.for_init(directory)
    _kept_name(name)
    render.config(template, _values(home, None, ssh), size)
    return home


def check_free(template: str, *, directory: str | None, name: str | None, lima: Limactl | None) -> None:
    """As ``check``, and StateError where ``lima`` has another project's VM of the name, and no terminal is asked."""
    home = check(template, directory=directory, name=name)
    namesakes.require_free(lima, home, _kept_name(name))


def run_if_missing(
    template: str, *, directory: str | None, name: str | None, lima: Limactl | None = None
) -> Written | None:
    """As ``run``, where neither the directory nor one above it has a config; None where one has."""
    if search.find(directory) is not None:
        return None
    written = run(template, directory=directory, name=name, yes=False, lima=lima)
    say(f"Lima VM config created at {written.home.config}")
    return written


def _kept_name(option: str | None) -> str | None:
    longest = names.longest_vm_name(lima_home())
    for source, said in (("--name", option), ("VM_NAME", os.environ.get("VM_NAME"))):
        if said:
            mend = f"sysinit-vm init --name {names.legal(said, longest)}" if source == "--name" else ""
            return names.checked_vm_name(said, source=source, longest=longest, mend=mend)
    return None


def next_steps(written: Written) -> str:
    """Return what ``init`` tells its user at the end."""
    replaced = f"The old config is kept as {written.replaced}\n" if written.replaced else ""
    return (
        f"{replaced}Lima VM config created at .lima/config.yaml\n"
        f"VM name: {written.vm_name}\n\n"
        "Next steps:\n"
        f"  1. Review .lima/config.yaml{'' if written.trusted else ', and allow it: sysinit-vm trust'}\n"
        "  2. Start VM: sysinit-vm start\n"
        "  3. Connect: sysinit-vm shell"
    )


def existing(home: Project) -> bool:
    """Whether a config would be replaced; VmError where something that is no file is in its place."""
    if home.config.is_dir():
        raise VmError(
            f"{home.config} is a directory.",
            detail="The VM's config is a file of that name.",
            hint=f"{typed('mv', home.config, home.config.with_name('config.yaml.old'))}, then sysinit-vm init",
        )
    return home.config.exists() or home.config.is_symlink()


def write(
    home: Project, template: str, vm_name: str | None, ssh: str | None = None, size: Size | None = None
) -> Written:
    """Write ``home``'s config from ``template``; an old one is kept beside it under its time.

    ``vm_name`` is kept in the config for good, None leaves the name to the directory. UsageError for an
    unknown template, VmError where the disk refuses; both leave everything as it was.
    """
    longest = names.longest_vm_name(lima_home())
    text = render.config(template, _values(home, vm_name, ssh), size)
    with _undone_on_failure(home.config.parent) as made:
        kept = _keep(home.config, made) if existing(home) else None
        ignore = home.config.with_name(".gitignore")
        if not ignore.exists():
            made.append(ignore)
        files.write(ignore, _ignored(ignore))
        files.write(home.config, text)
    return Written(home, kept, vm_name or default_names.vm_name(home.root, longest), templates.find(template).trusted)


def _ignored(path: Path) -> str:
    """Return what is ignored: the lines that are there, and those of ours that are missing."""
    present = path.read_text(errors="surrogateescape") if path.exists() else ""
    missing = [line for line in _GITIGNORE.splitlines() if line not in present.splitlines()]
    return present + ("\n" if present and not present.endswith("\n") else "") + "".join(f"{line}\n" for line in missing)


@contextmanager
def _undone_on_failure(directory: Path) -> Iterator[list[Path]]:
    """Remove the files that were made, and the directory if it was, when the rest fails as on a full disk."""
    made, new = list[Path](), not directory.exists()
    try:
        yield made
    except BaseException:
        with suppress(OSError):
            for path in made:
                path.unlink(missing_ok=True)
            if new:
                directory.rmdir()
        raise


def _values(home: Project, vm_name: str | None, ssh: str | None) -> dict[str, str | None]:
    return {
        "project_name": home.name,
        "project_dir": str(home.root),
        "session": home.session,
        "vm_name": vm_name,
        "ssh": ssh,
    }


def _keep(config: Path, made: list[Path]) -> Path:
    stem = f"{config.name}.{time.strftime('%Y%m%d-%H%M%S')}"
    copy = config.with_name(stem)
    while copy.exists():
        copy = copy.with_name(f"{copy.name}+")
    made.append(copy)
    files.write(copy, config.read_bytes())
    return copy
