"""What is in LIMA_HOME and in our own directories."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.faults.case import Case
from tests.faults.registry import row
from tests.faults.rows.processes import nothing_runs

LATER, EARLIER = 4102444800, 315532800  # the years 2100 and 1980


def loses(case: Case, lose: Callable[[Path], object], *, running: bool = False) -> None:
    """lima.yaml of a VM is lost or damaged: each command says so and names start, which restores it with the disk."""
    directory = case.booting() if running else case.stopped()
    disk, lima_yaml = directory / "disk", directory / "lima.yaml"
    before, config = case.state(disk), lima_yaml.read_bytes()
    processes = [psutil.Process(case.pid(name)) for name in ("ha", "qemu")] if running else []
    lose(lima_yaml)
    for words in (("status",), ("list",), ("doctor",), ("plan",), ("exec", "true")):
        done = case.run(*words, says=f"(?s)lima.yaml is (missing|damaged).*sysinit-vm start --name {case.name}")
        assert "unprotect" not in done.stderr
        assert "rm -r" not in done.stderr
    case.run("list", ends=0, says=case.place.neighbour)
    assert all(process.is_running() for process in processes), "a command that only looks has ended the VM"
    done = case.run("start", "--timeout", "1", ends=1, says="did not start")
    assert "its last start's again; the disk was kept" in done.stderr
    left = [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert not left, f"what ran of the VM runs on: {left}"
    assert lima_yaml.read_bytes() == config
    if not running:
        case.kept(disk, before, "the disk")
    case.survived += ["the disk", "its config"]
    case.run("destroy", "--yes", ends=0)
    case.gone()
    nothing_runs(case)


def half(lima_yaml: Path) -> None:
    text = lima_yaml.read_bytes()
    lima_yaml.write_bytes(text[: len(text) // 2])


@row("start, list")
def lima_yaml_corrupt(case: Case) -> None:
    """lima.yaml has no YAML"""
    loses(case, lambda path: path.write_bytes(b"\0\xff{{{ : [garbage"))


@row("start, list")
def lima_yaml_empty(case: Case) -> None:
    """lima.yaml is empty"""
    loses(case, lambda path: path.write_bytes(b""))


@row("start, list")
def lima_yaml_truncated(case: Case) -> None:
    """lima.yaml ends in the middle of a line"""
    loses(case, half)


@row("start, list")
def lima_yaml_missing(case: Case) -> None:
    """lima.yaml is missing"""
    loses(case, Path.unlink)


@row("start, list")
def lima_yaml_missing_while_it_runs(case: Case) -> None:
    """lima.yaml disappears while the VM runs"""
    loses(case, Path.unlink, running=True)


@row("start, list")
def lima_yaml_corrupt_while_it_runs(case: Case) -> None:
    """lima.yaml is damaged while the VM runs"""
    loses(case, lambda path: path.write_text("{{{"), running=True)


@row("stop, destroy")
def lima_yaml_missing_and_the_vm_is_not_wanted(case: Case) -> None:
    """lima.yaml disappears while the VM runs, and the VM is to be stopped and deleted"""
    (case.booting() / "lima.yaml").unlink()
    case.run("stop", ends=0, says=f"sysinit-vm start --name {case.name}")
    nothing_runs(case)
    assert (case.directory / "disk").exists()
    case.run("destroy", "--yes", ends=0, says="Its disk is there")
    case.gone()


@row("start, adopt")
def lima_yaml_missing_and_none_kept(case: Case) -> None:
    """lima.yaml is missing, and so is the one of the last start"""
    directory = case.booting()
    for name in ("lima.yaml", "sysinit-vm-lima.yaml"):
        (directory / name).unlink()
    for words in (("status",), ("list",), ("doctor",), ("exec", "true"), ("stop",)):
        case.run(*words, says=f"sysinit-vm adopt --name {case.name}")
    case.run("start", "--timeout", "1", ends=4, says=f"sysinit-vm adopt --name {case.name}")
    case.run("adopt", ends=5, says="Its disk stays")
    case.run("adopt", "--yes", ends=0, says="the disk was kept")
    nothing_runs(case)
    assert (directory / "disk").exists()
    case.run("plan", ends=0)
    case.run("start", "--timeout", "1", ends=1, says="did not start")
    case.survived.append("the disk")
    case.run("destroy", "--yes", ends=0)
    case.gone()


@row("list, start")
def strays_in_lima_home(case: Case) -> None:
    """Stray files, directories and links lie in LIMA_HOME"""
    home = case.world.lima_home
    strays = [home / name for name in ("a b", "empty", "file.txt", "nowhere", "loop", "twin", "-x", "\u00fc\nx")]
    for path in (strays[0], strays[1], strays[6], strays[7]):
        path.mkdir()
        case.undo(shutil.rmtree, path, True)
    strays[2].write_text("mine\n")
    strays[3].symlink_to("/nonexistent")
    strays[4].symlink_to("loop")
    strays[5].symlink_to(case.place.neighbour)
    for path in strays[2:6]:
        case.undo(path.unlink)
    for words in (("list",), ("status",), ("doctor",), ("prune", "--yes")):
        case.run(*words)
    for path in (strays[6], strays[0], strays[7]):  # with such a name there, Lima starts nothing
        case.run("start", "--timeout", "1", ends=1, says="(?s)mv .*, then sysinit-vm start")
        path.rename(case.aside / "moved")
        (case.aside / "moved").rename(case.aside / f"moved{len(path.name)}")
    case.booting()
    case.run("destroy", "--yes", ends=0)
    assert all(os.path.lexists(path) for path in strays[1:6])
    case.survived.append("the strays")


@row("start")
def vm_directory_is_a_link(case: Case) -> None:
    """The VM's directory is a link to another VM's"""
    case.directory.symlink_to(case.place.neighbour)
    for words in (("status",), ("list",), ("stop",), ("destroy", "--yes")):
        case.run(*words)
    case.run("start", "--timeout", "1", ends=1, says="mv ")
    assert (case.world.lima_home / case.place.neighbour / "disk").exists()
    case.survived.append("the other VM")


@row("start")
def vm_directory_is_a_file(case: Case) -> None:
    """A file has the VM's name in LIMA_HOME"""
    case.directory.write_text("mine\n")
    for words in (("status",), ("list",), ("doctor",), ("destroy", "--yes")):
        case.run(*words)
    case.run("start", "--timeout", "1", ends=1, says="mv ")
    assert case.directory.read_text() == "mine\n"
    case.survived.append("the file")


@row("start")
def disk_missing(case: Case) -> None:
    """The VM's disk was deleted"""
    (case.stopped() / "disk").unlink()
    case.run("status", ends=0)
    case.run("start", "--timeout", "1", ends=1, says="Try: ")
    case.run("destroy", "--yes", ends=0)
    case.gone()


@row("start")
def disk_truncated(case: Case) -> None:
    """The VM's disk was cut off"""
    os.truncate(case.stopped() / "disk", 100)
    case.run("start", "--timeout", "1", ends=1, says="Try: ")
    case.run("destroy", "--yes", ends=0)
    case.gone()


@row("destroy")
def protected(case: Case) -> None:
    """limactl protect was used on the running VM"""
    (case.booting() / "protected").touch()
    case.run("destroy", "--yes", ends=4, says="limactl unprotect")
    case.run("status", ends=0, says="Running")
    case.survived.append("the running VM")
    (case.directory / "protected").unlink()


@row("start, list")
def another_accounts_instance(case: Case) -> None:
    """An instance of another account lies in LIMA_HOME, closed to us"""
    theirs = case.world.lima_home / "theirs"
    shutil.copytree(case.world.lima_home / case.place.neighbour, theirs, ignore=shutil.ignore_patterns("*.sock"))
    case.undo(shutil.rmtree, theirs)
    subprocess.run(["chown", "-R", "12345:12345", theirs], check=True)
    theirs.chmod(0o700)
    case.run("list", ends=0, says=case.place.neighbour)
    case.run("prune", "--yes")
    case.booting()
    case.run("destroy", "--yes", ends=0)
    case.run("destroy", "--yes", "--name", "theirs")
    assert (theirs / "disk").exists()
    case.survived.append("their VM")


def approvals(case: Case) -> list:
    return list((case.world.place / "data/sysinit-vm/trust").glob("*.json"))


@row("start")
def approval_damaged(case: Case) -> None:
    """What was approved is damaged"""
    for path in approvals(case):
        saved = path.read_bytes()
        case.undo(path.write_bytes, saved)
        path.write_bytes(b"\0{[")
    case.run("start", "--timeout", "1", ends=5, says="sysinit-vm trust")
    assert not case.directory.exists()
    case.survived.append("no VM without approval")


@row("start")
def locks_damaged(case: Case) -> None:
    """Our lock files have any content, and nobody holds them"""
    place = case.world.lima_home / "_sysinit-vm"
    place.mkdir(exist_ok=True)
    for name in (f"{case.name}.lock", "_ports.lock"):
        (place / name).write_bytes(b"4194000\n\0")
    case.booting()
    case.run("destroy", "--yes", ends=0)
    case.gone()


@row("start, list, prune")
def clock_jumps(case: Case) -> None:
    """The clock jumped: the VM's files and ours are of 2100 and 1980"""
    directory = case.stopped()
    before = case.state(directory / "disk")
    for number, path in enumerate([*directory.iterdir(), *approvals(case), case.config]):
        at = (LATER, EARLIER)[number % 2]
        os.utime(path, (at, at))
    for words in (("status",), ("list",), ("doctor",), ("prune", "--yes"), ("plan",)):
        case.run(*words)
    case.kept(directory / "disk", before, "the disk")
    case.run("start", "--timeout", "1", ends=1, says="did not start")
    case.run("destroy", "--yes", ends=0)
    case.gone()


@row("stop, destroy")
def project_deleted(case: Case) -> None:
    """The project's directory was deleted while its VM runs"""
    case.booting()
    away = case.root.with_name(f"{case.root.name}-away")
    case.root.rename(away)
    where = case.world.place
    try:
        for words in (("list",), ("status", "--name", case.name), ("doctor", "--name", case.name)):
            case.world.run(where, *words, timeout=60)
        done = case.world.run(where, "prune", "--running", "--yes", timeout=60)
        case.outcome = f"prune --running --yes [{done.returncode}]"
        case.gone()
        assert (away / "notes.txt").exists()
    finally:
        away.rename(case.root)
