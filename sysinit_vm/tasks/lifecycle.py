"""Life of a VM: init, start, stop, restart, destroy, and up, which does all that is missing."""

from invoke.context import Context

from sysinit_vm import access, config, joining, lifecycle, prompts
from sysinit_vm import init as initial
from sysinit_vm.drift import apply as applying
from sysinit_vm.errors import UsageError
from sysinit_vm.progress import say
from sysinit_vm.projects import locate, namesakes
from sysinit_vm.projects import project as projects
from sysinit_vm.tasks.context import done, end, lima, lima_if_found, prepare_machine, wish
from sysinit_vm.tasks.context import timeout as checked_timeout
from sysinit_vm.tasks.verb import verb
from sysinit_vm.trust import gate


@verb(
    group="Life",
    word="template",
    examples=["sysinit-vm init", "sysinit-vm init dev --yes"],
    exits=[5],
    template="dev, minimal or project-template; the console script also takes it as a plain word.",
    yes="Overwrite an existing config without asking; the old one is kept beside it.",
    name="A name for the VM, kept in the config for good.",
    ssh="What ssh in the guest logs in with: keys (~/.ssh, read-only), agent (yours, forwarded) or none.",
    taskfile="Let the project's Taskfile include ours; an existing config stays as it is.",
    tasks="Let the project's tasks.py have ours as lima; an existing config stays as it is.",
)
def init(
    c: Context,
    template: str = "dev",
    yes: bool = False,
    project: str | None = None,
    name: str | None = None,
    ssh: str | None = None,
    taskfile: bool = False,
    tasks: bool = False,
) -> None:
    """Write .lima/config.yaml for this directory.

    And .lima/.gitignore. An existing config is overwritten only if you say so, and kept beside the new one.
    """
    dry, home = c.config.run.dry, initial.check(template, directory=project, name=name, ssh=ssh)
    if taskfile or tasks:
        joining.join(home.root, taskfile=taskfile, tasks=tasks, yes=yes, dry=dry)
        if initial.existing(home):
            return
    if dry:
        say(f"Would write {home.config}")
        return
    vms = lima_if_found(c)
    written = initial.run(template, directory=project, name=name, yes=yes, ssh=ssh, lima=vms)
    gate.written_by_us(written.home)
    namesakes.tell(vms, written.home, written.vm_name)
    say(initial.next_steps(written))


@verb(
    group="Life",
    examples=["sysinit-vm start", "sysinit-vm start --drift keep --timeout 900"],
    exits=[3, 4, 5, 6],
    drift="What to do where the config has changed since: apply, keep or ask; default: ask on a terminal.",
)
def start(
    c: Context,
    drift: str = "ask",
    project: str | None = None,
    name: str | None = None,
    timeout: str | None = None,
) -> None:
    """Start the project's VM and wait until it is ready.

    That is, until it can be worked in: mounts, session tool, provisioning. A running one is fine. One that does not
    exist is created, and its image built first where there is none.
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

    A stopped one is fine.
    """
    if all:
        if name or project:
            raise UsageError("--all means every VM, and --name or --project one.", hint="sysinit-vm stop --all")
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
    instance = lifecycle.start(vms, target, wished)
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
    question = f"Permanently delete the VM {doomed.name} and all that is only in it?"
    prompts.confirm(question, yes=yes, refusal_hint="sysinit-vm destroy --yes")
    done(c, f"VM destroyed: {lifecycle.destroy(vms, target)}")


@verb(
    group="Life",
    examples=["sysinit-vm up", "sysinit-vm up --template minimal --yes"],
    exits=[4, 5, 6],
    template="The template for a project without a config.",
)
def up(
    c: Context,
    template: str = "dev",
    yes: bool = False,
    project: str | None = None,
    name: str | None = None,
    timeout: str | None = None,
) -> None:
    """Do all that is missing, then attach.

    From the machine's programs to the image, the config and the running VM. Typed again, it goes on where it stopped.
    """
    checked_timeout(timeout)
    here = projects.find(project)
    if here:
        gate.by_itself(config.load(here.config), here)
    else:
        initial.check_free(template, directory=project, name=name, lima=lima_if_found(c))
    prepare_machine(c, yes=yes)
    if c.config.run.dry:
        return
    vms = lima(c)
    written = initial.run_if_missing(template, directory=project, name=name, lima=vms)
    if written:
        gate.written_by_us(written.home)
    target = locate.kept(written.home, written.vm_name) if written else locate.target(project, name)
    instance = applying.start(vms, target, wish(c, timeout, target.project), "ask")
    end(access.attach_or_tell(vms, instance))
