"""up: set up whatever is missing, then attach."""

from invoke.context import Context

from sysinit_vm import hints, settings
from sysinit_vm.effective import machine_sizes
from sysinit_vm.errors import typed
from sysinit_vm.guest import access
from sysinit_vm.init import first_start, namesakes, project_files, templates
from sysinit_vm.lima.home import instance_files
from sysinit_vm.machine import facts, install
from sysinit_vm.machine.compile_state import interrupts_told
from sysinit_vm.machine.host import Host
from sysinit_vm.machine.install import Consent
from sysinit_vm.projects import locate, search
from sysinit_vm.tasks.context import instances_if_found, lima, runner
from sysinit_vm.tasks.output import end
from sysinit_vm.tasks.start_options import request, seconds_to_wait, start_options
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say
from sysinit_vm.vm import startable
from sysinit_vm.vm.apply import start_up_to_date
from sysinit_vm.vm.project_vm import ProjectVm


@verb(
    group="Life",
    word="template",
    examples=["sysinit-vm up", "sysinit-vm up minimal --yes"],
    exits=[4, 5, 6],
    template="The template for a project without a config; default: the setting TEMPLATE.",
    ssh="For a project without a config: what ssh in the guest uses to log in: keys (~/.ssh, read-only), agent (yours, "
    "forwarded) or none.",
)
def up(
    c: Context,
    template: str | None = None,
    yes: bool = False,
    project: str | None = None,
    name: str | None = None,
    ssh: str | None = None,
    timeout: str | None = None,
) -> None:
    """Set up whatever is missing, then attach.

    This covers the programs, the image, the config and the running VM. If Zellij must be compiled, that goes on in the
    background, and the VM gives a login shell until it is done. The same command continues where it stopped.
    """
    seconds_to_wait(timeout)
    given = {"--template": template, "--project": project, "--name": name, "--ssh": ssh, "--timeout": timeout}
    flags = [word for flag, value in given.items() if value for word in (flag, value)]
    current_project = search.find(project)
    if current_project and template:
        templates.resolve(template)
        say(f"{current_project.config} stays as it is: a template is for a project without a config.")
        replaces = hints.completed(typed("sysinit-vm", "init", template))
        say(f"To replace it: {replaces}, which keeps the old one beside the new.")
    template = template or str(settings.value("template"))
    if current_project:
        asked = request(c, locate.target(project, name))
        asked.require_alone()
        first_start.require_choice(asked.committed, ssh)
        config, new, vm_name = asked.committed, asked.project, asked.name
    else:
        new = project_files.require_free_name(
            template, directory=project, name=name, ssh=ssh, instances=instances_if_found(c)
        )
        namesakes.require_meant(new, yes=yes or bool(project))
        config, vm_name = first_start.written(template, new, ssh), name or new.name
    follows = [
        *first_start.what_follows(config.data, committed=current_project is not None),
        *machine_sizes.capped(config, facts.gather()),
    ]
    # A new VM that cannot start without what is missing: nothing is optional then.
    needed = not (instance_files(vm_name).has_config or startable.is_startable(config, new, vm_name))
    _prepare_machine(c, Consent(yes, typed("sysinit-vm", "up", *flags, "--yes"), tuple(follows), needed))
    if c.config.run.dry:
        return
    if not current_project:
        startable.require(config, new, vm_name)
    limactl = lima(c)
    with interrupts_told(Host.read()):
        instances = None if current_project else limactl.instances()
        written = project_files.init_if_missing(template, directory=project, name=name, ssh=ssh, instances=instances)
        for note in first_start.ssh_notes(written.config.data, "sysinit-vm init") if written else ():
            say(note)
        target = locate.just_written(written.project, written.vm_name) if written else locate.target(project, name)
        if written and written.trusted:
            request(c, target, written.config).trust()
        options = start_options(c, timeout, target)
        instance = start_up_to_date(ProjectVm.read(limactl, target), options, "ask")
    end(access.attach_or_tell(limactl, instance))


def _prepare_machine(c: Context, consent: Consent) -> None:
    """Install what the machine lacks for a VM."""
    from sysinit_vm.init import shared_taskfile
    from sysinit_vm.machine.release_archives import Releases

    releases = Releases(settings.value("github_mirror"))
    install.setup(runner(c), Host.read(), consent, releases, tolerant=True)
    if not c.config.run.dry:
        shared_taskfile.link()
