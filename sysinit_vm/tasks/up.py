"""up: set up whatever is missing, then attach."""

from invoke.context import Context

from sysinit_vm import settings
from sysinit_vm.guest import access
from sysinit_vm.init import project_files, templates
from sysinit_vm.projects import locate, search
from sysinit_vm.tasks.context import instances_if_found, lima, runner
from sysinit_vm.tasks.output import end
from sysinit_vm.tasks.start_options import request, seconds_to_wait, start_options
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say
from sysinit_vm.vm.apply import start_up_to_date
from sysinit_vm.vm.project_vm import ProjectVm


@verb(
    group="Life",
    word="template",
    examples=["sysinit-vm up", "sysinit-vm up minimal --yes"],
    exits=[4, 5, 6],
    template="The template for a project without a config; default: the setting TEMPLATE.",
)
def up(
    c: Context,
    template: str | None = None,
    yes: bool = False,
    project: str | None = None,
    name: str | None = None,
    timeout: str | None = None,
) -> None:
    """Set up whatever is missing, then attach.

    This covers the programs, the image, the config and the running VM. The same command continues where it stopped.
    """
    seconds_to_wait(timeout)
    current_project = search.find(project)
    if current_project and template:
        templates.resolve(template)
        say(f"{current_project.config} stays as it is: a template is for a project without a config.")
    template = template or str(settings.value("template"))
    if current_project:
        request(c, locate.target(project, name)).require_alone()
    else:
        project_files.require_free_name(template, directory=project, name=name, instances=instances_if_found(c))
    _prepare_machine(c, yes=yes)
    if c.config.run.dry:
        return
    limactl = lima(c)
    instances = None if current_project else limactl.instances()
    written = project_files.init_if_missing(template, directory=project, name=name, instances=instances)
    target = locate.just_written(written.project, written.vm_name) if written else locate.target(project, name)
    if written and written.trusted:
        request(c, target, written.config).trust()
    options = start_options(c, timeout, target)
    instance = start_up_to_date(ProjectVm.read(limactl, target), options, "ask")
    end(access.attach_or_tell(limactl, instance))


def _prepare_machine(c: Context, *, yes: bool) -> None:
    """Install what the machine lacks for a VM. Every command is shown, and confirmed unless ``yes``."""
    from sysinit_vm.init import shared_taskfile
    from sysinit_vm.machine import install
    from sysinit_vm.machine.host import Host

    install.setup(runner(c), Host.read(), yes=yes, tolerant=True)
    if not c.config.run.dry:
        shared_taskfile.link()
