"""What ``init --ask`` asks. The default of each question comes from its flag, or else from the template."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sysinit_vm.config import document, sizes
from sysinit_vm.config.sizes import Size
from sysinit_vm.errors import NotConfirmedError, UsageError
from sysinit_vm.init import first_start, render, templates
from sysinit_vm.init.project_files import SSH_CHOICES
from sysinit_vm.lima import names
from sysinit_vm.lima.home import lima_home
from sysinit_vm.ports import forwards
from sysinit_vm.projects import default_names
from sysinit_vm.projects.project import Project
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class InitOptions:
    """What ``init`` is to write; the template decides what is None, also in ``size``."""

    template: str
    name: str | None
    ssh: str | None
    size: Size


def ask(project: Project, options: InitOptions) -> InitOptions:
    """Ask on a terminal for everything that ``init`` has a flag for, and return the answers.

    ``options`` come from the flags. NotConfirmedError (exit 5) without a terminal; Ctrl-C raises KeyboardInterrupt.
    """
    if not prompts.can_ask():
        raise NotConfirmedError(
            "--ask needs a terminal to ask on.",
            detail="Each of its questions has a flag: --name, --template, --cpus, --memory, --disk, --ports, --ssh.",
            hint="sysinit-vm init dev --ports 3000",
        )
    longest = names.longest_vm_name(lima_home())
    default_name = default_names.vm_name(project.root, longest)
    name = _ask_valid(
        "The VM's name:",
        options.name or default_name,
        lambda text: names.checked_vm_name(text, source="The name", longest=longest),
    )
    template, template_names = options.template, templates.available_names()
    if template in template_names:
        template = prompts.choice("The template:", template_names, template)
    size = _ask_size(template, project, options.size)
    template_ssh = first_start.ssh_choice(_config(template, project, Size()).data)
    ssh = prompts.choice("What ssh in the guest logs in with:", SSH_CHOICES, options.ssh or template_ssh)
    return InitOptions(template, None if name == default_name and not options.name else name, ssh, size)


def _ask_size(template: str, project: Project, size: Size) -> Size:
    """Ask for each size; the default is that of ``size`` (the flags), or else the template's."""
    config = _config(template, project, size)
    ports = ",".join(str(forward.guest) for forward in forwards.declared(config)) or "none"
    return Size(
        _ask_valid("CPUs:", str(config.data.get("cpus") or 4), sizes.count),
        _ask_valid("Memory:", str(config.data.get("memory") or "4GiB"), lambda text: sizes.size("--memory", text)),
        _ask_valid("Disk:", str(config.data.get("disk") or "20GiB"), lambda text: sizes.size("--disk", text)),
        _ask_valid("Ports that the host reaches (3000,8080 or none):", ports, sizes.numbers),
    )


def _config(template: str, project: Project, size: Size) -> document.Config:
    text = render.rendered_config(template, render.template_values(project), size)
    return document.Config(project.config, document.parse(text, project.config))


def _ask_valid(question: str, default: str, parse: Callable[[str], Answer]) -> Answer:
    """Ask until ``parse`` accepts the answer."""
    while True:
        try:
            return parse(prompts.text(question, default))
        except UsageError as error:
            say(f"{error.brief} {error.detail}")
