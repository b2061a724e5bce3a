"""What ``init --ask`` asks, each question with the answer that its flag or the template gives to begin with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sysinit_vm.config import document, sizes
from sysinit_vm.config.sizes import Size
from sysinit_vm.errors import NotConfirmedError, UsageError
from sysinit_vm.init import render, templates
from sysinit_vm.init.project_files import SSH_CHOICES
from sysinit_vm.lima import names
from sysinit_vm.lima.home import lima_home
from sysinit_vm.ports import forwards
from sysinit_vm.projects import default_names
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say

T = TypeVar("T")


@dataclass(frozen=True)
class Wanted:
    """What ``init`` is to write: ``name``, ``ssh`` and what is missing in ``size`` are the template's own."""

    template: str
    name: str | None
    ssh: str | None
    size: Size


def ask(home: Project, wanted: Wanted) -> Wanted:
    """Ask on a terminal for everything that ``init`` has a flag for; NotConfirmedError (exit 5) without one.

    ``wanted`` is what the flags said. Ctrl-C is KeyboardInterrupt, and nothing was written.
    """
    if not prompts.terminal():
        raise NotConfirmedError(
            "--ask needs a terminal to ask on.",
            detail="Each of its questions has a flag: --name, --template, --cpus, --memory, --disk, --ports, --ssh.",
            hint="sysinit-vm init dev --ports 3000",
        )
    longest = names.longest_vm_name(lima_home())
    own = default_names.vm_name(home.root, longest)
    name = _valid(
        "The VM's name:",
        wanted.name or own,
        lambda text: names.checked_vm_name(text, source="The name", longest=longest),
    )
    known = templates.names()
    template = wanted.template
    if template in known:
        template = prompts.choice("The template:", known, template)
    size = _size(template, home, wanted.size)
    ssh = prompts.choice("What ssh in the guest logs in with:", SSH_CHOICES, wanted.ssh or _ssh(template, home))
    return Wanted(template, None if name == own and not wanted.name else name, ssh, size)


def _size(template: str, home: Project, said: Size) -> Size:
    """Ask with what ``template`` has where the flags say nothing."""
    has = _config(template, home, said)
    ports = ",".join(str(each.guest) for each in forwards.declared(has)) or "none"
    return Size(
        _valid("CPUs:", str(has.data.get("cpus") or 4), sizes.count),
        _valid("Memory:", str(has.data.get("memory") or "4GiB"), lambda text: sizes.size("--memory", text)),
        _valid("Disk:", str(has.data.get("disk") or "20GiB"), lambda text: sizes.size("--disk", text)),
        _valid("Ports that the host reaches (3000,8080 or none):", ports, sizes.numbers),
    )


def _ssh(template: str, home: Project) -> str:
    data = _config(template, home, Size()).data
    if any(mount.get("location") == "~/.ssh" for mount in data.get("mounts") or ()):
        return "keys"
    return "agent" if (data.get("ssh") or {}).get("forwardAgent") else "none"


def _config(template: str, home: Project, size: Size) -> document.Config:
    values = {"project_name": home.name, "project_dir": str(home.root), "session": home.session}
    text = render.config(template, {**values, "vm_name": None, "ssh": None}, size)
    return document.Config(home.config, document.parse(text, home.config))


def _valid(question: str, default: str, parse: Callable[[str], T]) -> T:
    """Ask until the answer can be meant."""
    while True:
        try:
            return parse(prompts.text(question, default))
        except UsageError as error:
            say(f"{error.brief} {error.detail}")
