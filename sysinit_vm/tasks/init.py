"""Life of a VM: init, start, stop, restart, destroy, and up, which does all that is missing."""

from invoke.context import Context

from sysinit_vm import settings
from sysinit_vm.config import document, sizes
from sysinit_vm.errors import UsageError
from sysinit_vm.guest import access
from sysinit_vm.init import namesakes, questions, templates
from sysinit_vm.init import project_files as initial
from sysinit_vm.init.questions import Wanted
from sysinit_vm.joining import joining
from sysinit_vm.projects import locate, search
from sysinit_vm.tasks.context import done, end, lima, lima_if_found, prepare_machine, print_json, runner, wish
from sysinit_vm.tasks.context import timeout as checked_timeout
from sysinit_vm.tasks.verb import verb
from sysinit_vm.terminal import prompts
from sysinit_vm.terminal.console import say, table
from sysinit_vm.trust import gate
from sysinit_vm.vm import apply as applying
from sysinit_vm.vm import lifecycle


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
    template="A name of --list, a file, or Lima's template:NAME; default: the setting TEMPLATE, which is dev unless "
    "set. The console script also takes it as a plain word.",
    yes="Overwrite an existing config without asking; the old one is kept beside it.",
    name="A name for the VM, kept in the config for good.",
    ssh="What ssh in the guest logs in with: keys (~/.ssh, read-only), agent (yours, forwarded) or none.",
    taskfile="Let the project's Taskfile include ours; an existing config stays as it is.",
    tasks="Let the project's tasks.py have ours as lima; an existing config stays as it is.",
    cpus="CPUs instead of the template's; never more than the machine has when the VM is made.",
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
    wanted = Wanted(_template(template), name, ssh, sizes.parse(cpus, memory, disk, ports))
    home = initial.check(wanted.template, directory=project, name=name, ssh=ssh, size=wanted.size)
    if ask:
        wanted = questions.ask(home, wanted)
    _init(c, wanted, directory=project, yes=yes, join=(taskfile, tasks))


def _template(option: str | None) -> str:
    return option or str(settings.value("template"))


def _trust_ours(written: initial.Written) -> None:
    if written.trusted:
        gate.written_by_us(written.home)


def _list_templates(*, json: bool) -> None:
    found = templates.every()
    if json:
        print_json({"templates": [each.record() for each in found]})
    else:
        table(("TEMPLATE", "FROM", "FOR"), [tuple(each.record().values()) for each in found], folding=("FOR",))


def _init(c: Context, wanted: Wanted, *, directory: str | None, yes: bool, join: tuple[bool, bool]) -> None:
    template, name, ssh, size = wanted.template, wanted.name, wanted.ssh, wanted.size
    dry, home = c.config.run.dry, initial.check(template, directory=directory, name=name, ssh=ssh, size=size)
    taskfile, tasks = join
    if taskfile or tasks:
        joining.join(runner(c), home.root, taskfile=taskfile, tasks=tasks, yes=yes)
        if initial.existing(home):
            return
    if dry:
        say(f"Would write {home.config}")
        return
    vms = lima_if_found(c)
    written = initial.run(template, directory=directory, name=name, yes=yes, ssh=ssh, size=size, lima=vms)
    _trust_ours(written)
    namesakes.tell(vms, written.home, written.vm_name)
    say(initial.next_steps(written))


@verb(
    group="Life",
    examples=["sysinit-vm start", "sysinit-vm start --drift keep --timeout 900"],
    exits=[3, 4, 5, 6],
    drift="What to do if the config has changed: apply, keep or ask; default: ask on a terminal.",
)
def start(
    c: Context,
    drift: str = "ask",
    project: str | None = None,
    name: str | None = None,
    timeout: str | None = None,
) -> None:
    """Start the project's VM and wait until it is ready.

    Ready means that mounts, session tool and provisioning work. A running VM is left alone. A missing VM is
    created, and so is its image if there is none.
    """
    if drift not in {"ask", "apply", "keep"}:
        raise UsageError(f"--drift cannot be {drift!r}.", detail="It is ask, apply or keep.", hint="sysinit-vm plan")
    target = locate.target(project, name)
    wished = wish(c, timeout, target.project)
    instance = applying.start(lima(c), target, wished, drift)
    done(c, f"VM started: {instance.name}. Connect with: sysinit-vm shell")


@verb(
    group="Life",
    examples=["sysinit-vm stop", "sysinit-vm stop --all"],
    exits=[3, 4, 6],
    force="End it without asking the guest, as pulling the plug would.",
    all="Every project's VM that runs, wherever its project is.",
)
def stop(
    c: Context,
    force: bool = False,
    all: bool = False,  # noqa: A002
    project: str | None = None,
    name: str | None = None,
) -> None:
    """Stop the project's VM, or every one.

    Stopping a stopped VM is no error.
    """
    if all:
        if name or project:
            raise UsageError("--all cannot be combined with --name or --project.", hint="sysinit-vm stop --all")
        stopped = lifecycle.stop_all(lima(c), force=force)
        done(c, f"VMs stopped: {', '.join(stopped) or 'none ran'}")
        return
    target = locate.target(project, name)
    instance = lifecycle.stop(lima(c), target, force=force)
    done(c, f"VM stopped: {instance.name}")


@verb(group="Life", examples=["sysinit-vm restart"], exits=[3, 4, 5, 6])
def restart(c: Context, project: str | None = None, name: str | None = None, timeout: str | None = None) -> None:
    """Stop the project's VM, then start it."""
    target = locate.target(project, name)
    wished = wish(c, timeout, target.project)
    vms = lima(c)
    lifecycle.stop(vms, target)
    instance = applying.start(vms, target, wished, "ask")
    done(c, f"VM restarted: {instance.name}")


@verb(
    group="Life",
    aliases=["rm"],
    examples=["sysinit-vm destroy"],
    exits=[3, 4, 5, 6],
)
def destroy(c: Context, yes: bool = False, project: str | None = None, name: str | None = None) -> None:
    """Delete the project's VM with its disk.

    The project's files stay: they are the host's.
    """
    target, vms = locate.target(project, name), lima(c)
    doomed = locate.existing(vms, target)
    question = f"Permanently delete the VM {doomed.name} and everything stored only in it?"
    prompts.confirm(question, yes=yes, refusal_hint="sysinit-vm destroy --yes")
    done(c, f"VM destroyed: {lifecycle.destroy(vms, target)}")


@verb(
    group="Life",
    examples=["sysinit-vm up", "sysinit-vm up --template minimal --yes"],
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
    """Do all that is missing, then attach.

    This covers the programs, the image, the config and the running VM. Run again, it continues where it stopped.
    """
    checked_timeout(timeout)
    chosen = _template(template)
    here = search.find(project)
    if here:
        gate.by_itself(document.load(here.config), here)
    else:
        initial.check_free(chosen, directory=project, name=name, lima=lima_if_found(c))
    prepare_machine(c, yes=yes)
    if c.config.run.dry:
        return
    vms = lima(c)
    written = initial.run_if_missing(chosen, directory=project, name=name, lima=vms)
    if written:
        _trust_ours(written)
    target = locate.kept(written.home, written.vm_name) if written else locate.target(project, name)
    instance = applying.start(vms, target, wish(c, timeout, target.project), "ask")
    end(access.attach_or_tell(vms, instance))
