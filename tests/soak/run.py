"""Run the cycles, and show them."""

import contextlib
import io
import subprocess
import time
from collections.abc import Sequence

from sysinit_vm.terminal.console import say, table
from tests.soak import measure
from tests.soak.judge import MADE_ONCE, Cycle, problems
from tests.soak.world import SoakWorld, kept_world

_FIRST_START = 1800  # seconds: an emulated guest on a busy machine
_MIB = 2**20


def run(cycles: int, *, fresh: bool) -> list[str]:
    """Run cycles until there are ``cycles``, from where the last run was; return what is not flat.

    Ctrl-C ends it; the next run goes on.
    """
    with kept_world(fresh=fresh) as world, contextlib.suppress(KeyboardInterrupt):
        world_ready = _quietly(lambda: _prepare(world))
        if world_ready:
            return [world_ready]
        done = world.cycles()
        if done:
            say(f"{len(done)} cycles are done; --fresh begins anew.")
        for number in range(len(done) + 1, cycles + 1):
            cycle = _cycle(world, number)
            world.keep(cycle)
            say(_line(cycle, cycles))
            if cycle.problem:
                break
    return _summary(world.cycles(), cycles)


def _prepare(world: SoakWorld) -> None:
    world.furnish()
    if measure.processes(world):  # a run that was killed
        world.run(world.root, "stop", "--force")


def _cycle(world: SoakWorld, number: int) -> Cycle:
    cycle, proof = Cycle(number), f"cycle {number}"

    def typed(verb: str, *words: str) -> str:
        began = time.monotonic()
        try:
            return world.ok(world.root, verb, *words, timeout=_FIRST_START)
        finally:
            cycle.seconds[verb] = round(time.monotonic() - began, 1)

    def body() -> None:
        typed("start")
        (world.root / "proof").write_text(proof)
        assert typed("exec", "--", "cat", "proof") == proof
        cycle.figures |= measure.running(world)
        typed("stop")
        cycle.figures |= measure.left(world)

    cycle.problem = _quietly(body)
    return cycle


def _quietly(body) -> str:
    """Call ``body``; return why it failed, and show what was typed and said until then."""
    transcript = io.StringIO()
    try:
        with contextlib.redirect_stdout(transcript):
            body()
    except (AssertionError, subprocess.TimeoutExpired) as error:
        say(transcript.getvalue())
        return (str(error) or type(error).__name__).strip().splitlines()[-1]
    return ""


def _line(cycle: Cycle, cycles: int) -> str:
    took = "  ".join(f"{verb} {seconds:.0f} s" for verb, seconds in cycle.seconds.items())
    head = f"{cycle.number}/{cycles}  {took}"
    if cycle.problem:
        return f"{head}  FAILED: {cycle.problem}"
    figures = cycle.figures
    files = sum(value for name, value in figures.items() if name.startswith("files"))
    memory = sum(value for name, value in figures.items() if name.startswith("memory"))
    return (
        f"{head}  running: {figures['processes, running']} processes, {figures['descriptors, running']} descriptors, "
        f"{memory // _MIB} MiB  left: {figures['processes, left']} processes, {files} files, "
        f"disk {figures['bytes, disk'] // _MIB} MiB"
    )


def _summary(done: Sequence[Cycle], cycles: int) -> list[str]:
    measured = [cycle for cycle in done if not cycle.problem]
    found = problems(done)
    if measured:
        shown = {f"cycle {cycle.number}": cycle.figures for cycle in _landmarks(measured)}
        names = measured[-1].figures
        rows = [[name, *(str(figures.get(name, 0)) for figures in shown.values())] for name in names]
        table(["FIGURE", *(title.upper() for title in shown)], rows)
    if len(done) < cycles:
        found.append(f"{len(done)} of {cycles} cycles were run")
    if len(measured) <= MADE_ONCE:
        say(f"Growth is judged from cycle {MADE_ONCE + 1} on.")
    return found


def _landmarks(measured: Sequence[Cycle]) -> list[Cycle]:
    """The first cycle, the last of those that may add something, and the last."""
    numbers = sorted({0, min(MADE_ONCE, len(measured)) - 1, len(measured) - 1})
    return [measured[number] for number in numbers]
