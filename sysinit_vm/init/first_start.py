"""What `up` will do after the installation, told before it asks: the image, the config, and the user's SSH keys."""

import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.errors import UsageError
from sysinit_vm.images import available
from sysinit_vm.init import render
from sysinit_vm.lima.home import lima_home
from sysinit_vm.projects.project import Project

_BUILT = "the guest image is built (3 to 6 minutes, 200 MB to download, 3 GB of disk meanwhile)"
_DOWNLOADED = "Debian's cloud image is downloaded"
_KEYS = (
    "SSH keys: programs in the VM can read those in ~/.ssh, and not change them. If you do not want that: "
    "{command} --ssh agent (your ssh-agent is forwarded instead) or --ssh none."
)
_AGENT = (
    "SSH: your ssh-agent will be forwarded: programs in the VM can log in with your keys, and not read them. "
    "If you do not want that: {command} --ssh none."
)


def what_follows(data: Mapping[str, Any], *, committed: bool) -> Iterator[str]:
    """Yield the lines of the plan for the config ``data``; ``committed`` says that the project has it already."""
    lacking = available.DEBIAN in str(data.get("images")) and not available.debian_is_here(lima_home())
    image = _BUILT if platform.system() == "Linux" else _DOWNLOADED
    steps = [*([image] if lacking else []), *([] if committed else [".lima/config.yaml is written"]), "the VM starts"]
    yield f"After that {', '.join(steps)}."
    if not committed:
        yield from ssh_notes(data, "sysinit-vm up")


def ssh_notes(data: Mapping[str, Any], command: str) -> Iterator[str]:
    """Yield what a config lets its guest do with the user's SSH keys; nothing if nothing.

    ``command`` writes another config with ``--ssh``.
    """
    choice = ssh_choice(data)
    if choice == "keys" and (Path.home() / ".ssh").is_dir():
        yield _KEYS.format(command=command)
    elif choice == "agent":
        yield _AGENT.format(command=command)


def ssh_choice(data: Mapping[str, Any]) -> str:
    """Return which of ``project_files.SSH_CHOICES`` a config has made."""
    mounts, ssh = data.get("mounts"), data.get("ssh")  # of any form: a stranger may have written them
    for mount in mounts if isinstance(mounts, list) else ():
        if isinstance(mount, Mapping) and mount.get("location") == "~/.ssh":
            return "keys"
    return "agent" if isinstance(ssh, Mapping) and ssh.get("forwardAgent") else "none"


def require_choice(config: Config, ssh: str | None) -> None:
    """Raise UsageError if ``--ssh`` was given and the project's config, which stays, has made another choice."""
    if ssh is None or ssh == ssh_choice(config.data):
        return
    raise UsageError(
        f"--ssh {ssh} is not what the project's config says.",
        detail=f"{config.path} exists already, and is not changed by this command.",
        hint=f"sysinit-vm init --ssh {ssh}",
    )


def written(template: str, project: Project, ssh: str | None = None) -> Config:
    """Return the config that ``init`` would write for ``project``; UsageError if ``template`` is unknown."""
    text = render.rendered_config(template, render.template_values(project, ssh=ssh))
    return Config(project.config, document.parse(text, project.config))
