"""The committed config, read as what it is: a file that a stranger may have written, and the guest can change."""

import os
import pwd
from contextlib import suppress

from sysinit_vm import project_tree
from sysinit_vm.config import document
from sysinit_vm.config.document import Config
from sysinit_vm.errors import NoConfigError, typed
from sysinit_vm.project_tree import Content
from sysinit_vm.projects.project import CONFIG, Project

_ROOT = 0


def load(project: Project) -> Config:
    """Read ``project``'s config once. VmError says what is wrong with it; NoConfigError (exit 3) if it is gone.

    It is refused if it is no plain file, if a link leads to it, or if others can change it or put one in its place.
    Another account's in directories of the user's own names that account in the Config.
    """
    content = project_tree.read(project.root, CONFIG, document.LONGEST_BYTES)
    if content is None:
        raise NoConfigError(f"{project.config} does not exist.", hint="sysinit-vm init")
    text = content.text(project.config)
    data = document.parse(text, project.config)
    return Config(project.config, data, _foreign_owner(project, content), text)


def _foreign_owner(project: Project, content: Content) -> str:
    """Return the account that owns the config if it is not the user's; VmError if others can put one in its place."""
    if content.open_to_others:
        raise project_tree.refused(project.config, "Others may write it.", typed("chmod", "go-w", project.config))
    ours = {os.getuid(), _ROOT}
    strangers = content.writers - ours
    if os.getuid() == _ROOT:
        strangers = frozenset()  # in a container, or with sudo, the project is often another account's
    if content.owner not in ours or strangers:
        who = _account(next(iter(strangers or {content.owner})))
        if content.open_directories or strangers:
            why = f"It, or a directory that it is in, is the account {who}'s, who can put another in its place."
            raise project_tree.refused(project.config, why)
        return who
    if content.exchangeable:
        why = f"Others may write {content.exchangeable}, and so put another in its place."
        raise project_tree.refused(project.config, why, typed("chmod", "go-w", content.exchangeable))
    return ""


def _account(uid: int) -> str:
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)
