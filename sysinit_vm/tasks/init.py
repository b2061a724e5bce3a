"""init: write a project's config."""

from collections.abc import Sequence

from invoke.context import Context

from sysinit_vm import hints, settings
from sysinit_vm.config import sizes
from sysinit_vm.effective import machine_sizes
from sysinit_vm.init import include, namesakes, project_files, questions, templates
from sysinit_vm.init.questions import InitOptions
from sysinit_vm.machine import facts
from sysinit_vm.projects import locate
from sysinit_vm.tasks.context import instances_if_found
from sysinit_vm.tasks.output import print_json
from sysinit_vm.tasks.start_options import request
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal.console import say, table


@verb(
    group="Life",
    word="template",
    examples=[
        "sysinit-vm init",
        "sysinit-vm init minimal --ports 3000,8080 --memory 6GiB",
        "sysinit-vm init --list",
        "sysinit-vm init --ask",
    ],
    exits=[5],
    project="The project's directory; default: the current one.",
    template="A name from --list, a file, or Lima's template:NAME; default: the setting TEMPLATE, which is dev "
    "unless set. The console script also takes it as a plain word.",
    yes="Overwrite an existing config without asking; the old one is kept beside it.",
    name="A name for the VM; the config keeps it.",
    ssh="What ssh in the guest uses to log in: keys (~/.ssh, read-only), agent (yours, forwarded) or none.",
    taskfile="Let the project's Taskfile include ours; an existing config stays as it is.",
    tasks="Let the project's tasks.py have ours as lima; an existing config stays as it is.",
    cpus="CPUs instead of the template's; never more than the machine has when the VM is created.",
    memory="Memory instead of the template's, such as 8GiB.",
    disk="The disk's size instead of the template's, such as 50GiB.",
    ports="Ports to declare instead of the template's, such as 3000,8080, or none.",
    ask="Ask for the name, the template, the size, the ports and the ssh choice.",
    list="List the templates, the user's own first, and write nothing.",
    json="With --list: print JSON on standard output, for scripts.",
)
def init(
    c: Context,
    template: str | None = None,
    yes: bool = False,
    project: str | None = None,
    name: str | None = None,
    ssh: str | None = None,
    taskfile: bool = False,
    tasks: bool = False,
    cpus: str | None = None,
    memory: str | None = None,
    disk: str | None = None,
    ports: str | None = None,
    ask: bool = False,
    list: bool = False,  # noqa: A002
    json: bool = False,
) -> None:
    """Write .lima/config.yaml for this directory.

    Also write .lima/.gitignore. An existing config is replaced only if you agree, and kept beside the new one.
    """
    if list:
        _list_templates(json=json)
        return
    size = sizes.parse(cpus, memory, disk, ports)
    options = InitOptions(template or str(settings.value("template")), name, ssh, size)
    current_project = project_files.checked_project(options.template, directory=project, name=name, ssh=ssh, size=size)
    if ask:
        options = questions.ask(current_project, options)
    flags = [flag for flag, given in (("--taskfile", taskfile), ("--tasks", tasks)) if given]
    _init(c, options, directory=project, yes=yes, include_flags=flags)


def _list_templates(*, json: bool) -> None:
    choices = [template.record() for template in templates.available()]
    if json:
        print_json({"templates": choices})
    else:
        table(("TEMPLATE", "FROM", "FOR"), [tuple(choice.values()) for choice in choices], folding=("FOR",))


def _init(c: Context, options: InitOptions, *, directory: str | None, yes: bool, include_flags: Sequence[str]) -> None:
    template, name, ssh, size = options.template, options.name, options.ssh, options.size
    project = project_files.checked_project(template, directory=directory, name=name, ssh=ssh, size=size)
    if include_flags:
        include.join(project.root, include_flags, yes=yes, dry=c.config.run.dry)
        if project_files.has_config(project):
            return
    if c.config.run.dry:
        say(f"Would write {project.config}")
        return
    instances = instances_if_found(c)
    written = project_files.init_project(
        template, directory=directory, name=name, yes=yes, ssh=ssh, size=size, instances=instances
    )
    if written.trusted:
        request(c, locate.just_written(written.project, written.vm_name), written.config).trust()
    namesakes.tell(instances, written.project, written.vm_name)
    for note in machine_sizes.capped(written.config, facts.gather()):
        say(note)
    say(hints.completed(project_files.next_steps(written, instances)))
