"""Our own process is ended at each stage of what it does."""

import signal
import subprocess
import time

from tests.faults.case import Case
from tests.faults.registry import row
from tests.worlds import ENTRANCES

INTERRUPT, KILL = signal.SIGINT, signal.SIGKILL
HALF_COPIED = 'mv "$LIMA_HOME/$name/disk" "$LIMA_HOME/$name/image"; truncate -s 1000 "$LIMA_HOME/$name/image"'


def init_cut(case: Case, number: int) -> None:
    """End `init` at many moments: a config is whole or not there."""
    whole = case.config.read_text()
    for moment in range(10):
        case.config.unlink(missing_ok=True)
        process = subprocess.Popen(
            ENTRANCES["sysinit-vm"]("init", "minimal"),
            cwd=case.root,
            env=case.world.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(0.1 + moment * 0.05)
        process.send_signal(number)
        process.wait(30)
        assert not case.config.exists() or case.config.read_text() == whole
    case.run("init", "minimal", "--yes", ends=0)
    assert case.config.read_text() == whole
    case.survived.append("a whole config")


@row("init")
def init_killed(case: Case) -> None:
    """SIGKILL of init at ten moments"""
    init_cut(case, KILL)


@row("init")
def init_interrupted(case: Case) -> None:
    """Ctrl-C in init at ten moments"""
    init_cut(case, INTERRUPT)


def goes_on(case: Case) -> None:
    """The next start says what it does and comes as far as a VM without a guest can."""
    case.booting()
    case.run("destroy", "--yes", ends=0)
    case.gone()


def start_cut(case: Case, number: int, verb: str, *, after: bool = False, then: str = "") -> None:
    """End `start` where limactl stands still; the next one goes on, and nothing needs to be repaired by hand."""
    case.stall(verb, after=after, then=f"name={case.name}; {then}" if then else "")
    case.kill(case.begin("start"), number)
    case.run("status", ends=0)
    goes_on(case)


@row("start")
def start_killed_before_the_creation(case: Case) -> None:
    """SIGKILL of start before limactl create does anything"""
    start_cut(case, KILL, "create")


@row("start")
def start_interrupted_before_the_creation(case: Case) -> None:
    """Ctrl-C in start before limactl create does anything"""
    start_cut(case, INTERRUPT, "create")


@row("start")
def start_killed_in_the_image_copy(case: Case) -> None:
    """SIGKILL of start while the image is copied"""
    start_cut(case, KILL, "create", after=True, then=HALF_COPIED)


@row("start")
def start_interrupted_in_the_image_copy(case: Case) -> None:
    """Ctrl-C in start while the image is copied"""
    start_cut(case, INTERRUPT, "create", after=True, then=HALF_COPIED)


@row("start")
def start_killed_with_an_empty_directory(case: Case) -> None:
    """SIGKILL of start when the instance's directory has no lima.yaml yet"""
    case.stall("create", then=f'mkdir -p "$LIMA_HOME/{case.name}"')
    case.kill(case.begin("start"), KILL)
    case.run("start", "--timeout", "1", says="rm -r|did not start")
    case.run("prune", "--yes", ends=0)
    goes_on(case)


@row("start")
def start_killed_after_the_creation(case: Case) -> None:
    """SIGKILL of start between limactl create and limactl start"""
    start_cut(case, KILL, "start")


@row("start")
def start_interrupted_after_the_creation(case: Case) -> None:
    """Ctrl-C in start between limactl create and limactl start"""
    start_cut(case, INTERRUPT, "start")


def start_cut_while_booting(case: Case, number: int) -> None:
    process = case.begin("start")
    case.wait_for((case.directory / "qemu.pid").exists, process)
    case.kill(process, number)
    case.run("status", ends=0)
    case.run("start", "--timeout", "2", ends=1, says="did not (start|become ready)")
    case.run("destroy", "--yes", ends=0)
    case.gone()


@row("start")
def start_killed_while_the_guest_boots(case: Case) -> None:
    """SIGKILL of start while the guest boots"""
    start_cut_while_booting(case, KILL)


@row("start")
def start_interrupted_while_the_guest_boots(case: Case) -> None:
    """Ctrl-C in start while the guest boots"""
    start_cut_while_booting(case, INTERRUPT)


@row("start")
def start_whose_terminal_closes(case: Case) -> None:
    """The terminal is closed while start creates the VM"""
    case.stall("create")
    terminal = case.world.terminal(case.root, "start")
    terminal.wait_for("Starting VM")
    case.wait_for((case.aside / "reached").exists)
    terminal.close()
    case.end_stubs()
    case.real_limactl()
    goes_on(case)


def apply_cut(case: Case, number: int, *, after: bool) -> None:
    """End `apply` around limactl edit: the VM has the old config or the new one, and apply goes on."""
    yaml = case.stopped() / "lima.yaml"
    old = yaml.read_text()
    case.change_config('memory: "4GiB"', 'memory: "3GiB"')
    case.stall("edit", after=after)
    case.kill(case.begin("apply", "--yes"), number)
    assert after or yaml.read_text() == old
    case.run("apply", "--yes", ends=0)
    assert "3GiB" in yaml.read_text()
    case.run("plan", ends=0)
    case.survived.append("the disk")


@row("apply")
def apply_killed_before_the_edit(case: Case) -> None:
    """SIGKILL of apply before limactl edit"""
    apply_cut(case, KILL, after=False)


@row("apply")
def apply_interrupted_before_the_edit(case: Case) -> None:
    """Ctrl-C in apply before limactl edit"""
    apply_cut(case, INTERRUPT, after=False)


@row("apply")
def apply_killed_after_the_edit(case: Case) -> None:
    """SIGKILL of apply after limactl edit"""
    apply_cut(case, KILL, after=True)


@row("apply --recreate")
def recreate_killed_between_the_two(case: Case) -> None:
    """SIGKILL of apply --recreate when the old VM is deleted and no new one made"""
    case.stopped()
    case.change_config('disk: "20GiB"', 'disk: "10GiB"')
    case.stall("create")
    case.kill(case.begin("apply", "--recreate", "--yes"), KILL)
    case.run("status", ends=0, says="not created")
    goes_on(case)


def destroy_cut(case: Case, number: int, *, after: bool = False, then: str = "") -> None:
    """End `destroy` around limactl delete: the VM is whole or gone, and destroy goes on."""
    case.stopped()
    case.stall("delete", after=after, then=then)
    case.kill(case.begin("destroy", "--yes"), number)
    case.run("status", says="")
    case.run("destroy", "--yes", ends=4 if after else 0)
    case.gone()


@row("destroy")
def destroy_killed_before_the_delete(case: Case) -> None:
    """SIGKILL of destroy before limactl delete"""
    destroy_cut(case, KILL)


@row("destroy")
def destroy_interrupted_before_the_delete(case: Case) -> None:
    """Ctrl-C in destroy before limactl delete"""
    destroy_cut(case, INTERRUPT)


@row("destroy")
def destroy_killed_after_the_delete(case: Case) -> None:
    """SIGKILL of destroy after limactl delete"""
    destroy_cut(case, KILL, after=True)


@row("destroy")
def destroy_killed_in_the_delete(case: Case) -> None:
    """SIGKILL of destroy when limactl has removed lima.yaml and not the disk"""
    case.stopped()
    case.stall("delete", then=f'rm "$LIMA_HOME/{case.name}/lima.yaml"')
    case.kill(case.begin("destroy", "--yes"), KILL)
    case.run("status", says=case.name)
    case.run("start", "--timeout", "1", ends=4, says="Try: ")
    case.run("destroy", "--yes", "--name", case.name, ends=0)
    case.gone()


@row("stop")
def stop_killed(case: Case) -> None:
    """SIGKILL of stop while limactl stops the VM"""
    case.booting()
    case.stall("stop")
    case.kill(case.begin("stop"), KILL)
    case.run("stop", "--force", ends=0)
    case.run("status", ends=0, says="Stopped")
    case.survived.append("the disk")


def build_cut(case: Case, number: int) -> None:
    """End a build of the image in its first steps: the latest image stays, and the next build begins anew."""
    images = case.world.lima_home / "_images"
    before = sorted(path.name for path in images.iterdir() if not path.name.startswith("."))
    process = case.begin("build.debian")
    case.wait_for((images / ".sysinit-debian-build").exists, process)
    time.sleep(2)
    case.kill(process, number)
    assert sorted(path.name for path in images.iterdir() if not path.name.startswith(".")) == before
    if number == INTERRUPT:
        assert not (images / ".sysinit-debian-build").exists()
    process = case.begin("build.debian")
    case.wait_for(lambda: "[  0s]" in (case.aside / "out").read_text(), process)
    case.kill(process, INTERRUPT)
    assert not (images / ".sysinit-debian-build").exists()
    case.outcome = "build.debian begins anew"
    case.survived.append("the latest image")


@row("build.debian")
def build_killed(case: Case) -> None:
    """SIGKILL of build.debian"""
    build_cut(case, KILL)


@row("build.debian")
def build_interrupted(case: Case) -> None:
    """Ctrl-C in build.debian"""
    build_cut(case, INTERRUPT)
