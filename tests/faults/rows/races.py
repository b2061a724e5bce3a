"""Many commands at once: each ends, no VM is started twice, and what is left is whole."""

import itertools
import signal
import subprocess
import time

import psutil

from sysinit_vm.config import document
from tests.faults.case import LIMIT, Case
from tests.faults.registry import row
from tests.worlds import ENTRANCES

START = ("start", "--timeout", "1")
STOP = ("stop", "--force")
READS = ("status", "list --json", "plan", "ports", "logs host", "trust --show", "status --json", "list")
CHANGES = ("apply --yes", "restart --timeout 1", "prune --yes", "doctor")
TWENTY = (*(START, STOP) * 4, *(tuple(words.split()) for words in (*READS, *CHANGES)))


def at_once(cases: list[Case], commands: tuple[tuple[str, ...], ...]) -> list[int]:
    """Begin ``commands`` on the cases' projects in turn; return the statuses when all have ended."""
    first, begun = cases[0], list[tuple[str, subprocess.Popen]]()
    for number, (case, words) in enumerate(zip(itertools.cycle(cases), commands, strict=False)):
        with (first.aside / f"said{number}").open("w") as said:
            options = {"cwd": case.root, "env": case.world.env, "stdin": subprocess.DEVNULL}
            argv = ENTRANCES["sysinit-vm"](*words)
            begun.append((" ".join(words), subprocess.Popen(argv, stdout=said, stderr=subprocess.STDOUT, **options)))
    deadline = time.monotonic() + 2 * LIMIT
    try:
        while any(process.poll() is None for _, process in begun):
            assert time.monotonic() < deadline, [words for words, process in begun if process.poll() is None]
            for case in cases:
                assert len(qemus(case)) < 2, f"{case.name} runs twice"
            time.sleep(0.05)
    finally:
        for _, process in begun:
            process.kill()
            process.wait()
    for number, (words, process) in enumerate(begun):
        said = (first.aside / f"said{number}").read_text()
        print(f"$ {words}  [{process.returncode}]\n{said}")
        assert "Traceback" not in said
        assert "goroutine" not in said
    return [process.returncode for _, process in begun]


def qemus(case: Case) -> list[int]:
    """The ids of the QEMU processes of the case's VM."""
    pids = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or [""]
        if "qemu-system" in words[0] and any(f"{case.directory}/" in word for word in words):
            pids.append(process.pid)
    return pids


def require_whole(case: Case) -> None:
    """The VM is as after any other command: it stops, starts, and is destroyed."""
    case.run("status", ends=0)
    case.run("stop", "--force", ends=0)
    assert not qemus(case)
    case.booting()
    case.run("destroy", "--yes", ends=0)
    case.gone()


def twenty(case: Case, others: int) -> None:
    """Two rounds of twenty commands, on this VM and ``others``."""
    cases = [case, *(Case(case.place, f"{case.name}-{number}", guest=False) for number in range(others))]
    for other in cases[1:]:
        case.undo(other.clear)
    for each in cases:
        each.stopped()
    for _ in range(2):
        codes = at_once(cases, TWENTY)
        assert set(codes) <= {0, 1, 4}, codes
    for each in cases:
        require_whole(each)
    case.outcome = "forty commands ended, and no VM ran twice"


@row("all")
def twenty_commands_at_once(case: Case) -> None:
    """Twenty commands at once on one VM, twice"""
    twenty(case, 0)


@row("all")
def twenty_commands_at_once_on_three(case: Case) -> None:
    """Twenty commands at once across three VMs, twice"""
    twenty(case, 2)


@row("start, destroy")
def start_against_destroy(case: Case) -> None:
    """Two starts and a destroy at once, three times: a whole VM or none is left"""
    case.stopped()
    for _ in range(3):
        codes = at_once([case], (START, ("destroy", "--yes"), START))
        assert set(codes) <= {0, 1, 4}, codes
        case.run("status", ends=0, says="Running|Stopped|not created")
    case.run(*START, ends=1)
    require_whole(case)
    case.outcome = "a whole VM or none, each time"


@row("init")
def inits_at_once(case: Case) -> None:
    """Six inits at once: one writes the config, the others say that it exists"""
    case.config.unlink()
    codes = at_once([case], (("init", "minimal"),) * 6)
    assert sorted(codes) == [0, 5, 5, 5, 5, 5], codes
    assert document.load(case.config).data["cpus"] == 2
    case.outcome = "one config, five refusals"
    case.survived.append("a whole config")


@row("build.debian")
def builds_at_once(case: Case) -> None:
    """Two builds of the image at once, and the one that works is killed"""
    images = case.world.lima_home / "_images"
    unfinished = images / ".sysinit-debian-build"
    before = sorted(path.name for path in images.iterdir() if not path.name.startswith("."))
    other = Case(case.place, f"{case.name}-2", guest=False)
    case.undo(other.clear)
    works = case.begin("build.debian")
    case.wait_for(unfinished.exists, works)
    waits = other.begin("build.debian")
    said = other.aside / "out"
    case.wait_for(lambda: "Waiting for another build" in said.read_text(), waits)
    assert "[  0s]" not in said.read_text(), "both build"
    case.kill(works, signal.SIGKILL)
    case.wait_for(lambda: "[  0s]" in said.read_text(), waits)
    other.kill(waits, signal.SIGINT)
    assert not unfinished.exists()
    assert sorted(path.name for path in images.iterdir() if not path.name.startswith(".")) == before
    case.outcome = "the second waits, then builds"
    case.survived.append("the latest image")
