"""Run many cases of each kind, and show the first that fails as small as it can be made."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning

from sysinit_vm.terminal.console import say
from tests.fuzz.cases import KINDS, Case
from tests.fuzz.place import CasePlace
from tests.worlds import ENTRANCES

_SMALLER = 60  # seconds in which a case that fails is made smaller
_AT_ONCE = 500  # cases between two lines of progress
SHARE_TYPED = 100  # of so many cases, one is also typed for real through each entrance


@dataclass
class Failure:
    """A case that failed, as small as it could be made, what is wrong with it, and the seed that finds it again."""

    case: Case
    wrong: list[str]
    seed: int


def search(kind: str, count: int, begin: int, check: Callable[[Case], list[str]], *, typed: bool) -> Failure | None:
    """Check ``count`` cases of a ``kind``, those that the seed ``begin`` gives; return the first that fails."""
    last, smaller_until = list[Failure](), [0.0]

    @seed(begin)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
    )
    @given(KINDS[kind](typed=typed))
    def examined(case: Case) -> None:
        if last and time.monotonic() > smaller_until[0]:
            if case == last[0].case:
                raise AssertionError
            return
        if wrong := check(case):
            if not last:
                say(f"Found: {wrong[0].splitlines()[-1] if wrong[0] else wrong}"[:500])
                smaller_until[0] = time.monotonic() + _SMALLER
            last[:] = [Failure(case, wrong, begin)]
            raise AssertionError

    try:
        with warnings.catch_warnings(action="ignore", category=HypothesisWarning):  # long texts are what is tried
            examined()
    except AssertionError:
        return last[0]
    return None


def run(cases: int, begin: int, kinds: tuple[str, ...] = tuple(KINDS)) -> list[Failure]:
    """Check ``cases`` in all, of the ``kinds`` in turn, and say how far it is; a kind ends with its first failure.

    One in SHARE_TYPED is typed through each real entrance. Ctrl-C ends it with what there is.
    """
    failures, done, typed = dict[str, Failure](), dict.fromkeys(kinds, 0), dict.fromkeys(kinds, 0)
    began, number = time.monotonic(), begin
    try:
        with CasePlace() as place:
            while (left := [kind for kind in kinds if kind not in failures]) and sum(done.values()) < cases:
                for kind in left:
                    count = min(_AT_ONCE, -(-cases // len(kinds)) - done[kind], cases - sum(done.values()))
                    if count <= 0:
                        continue
                    number += 1
                    failure = search(kind, count, number, place.in_process, typed=False)
                    done[kind] += count
                    for entrance in ENTRANCES:
                        real = max(1, count // SHARE_TYPED)
                        failure = failure or _typed(place, kind, real, number, entrance)
                        typed[kind] += real
                    if failure:
                        failures[kind] = failure
                        show(failure)
                    say(f"{sum(done.values())}/{cases}  {kind} {done[kind]}  {time.monotonic() - began:.0f} s")
    except KeyboardInterrupt:
        say("Interrupted.")
    for kind in kinds:
        how = f"FAILED (seed {failures[kind].seed})" if kind in failures else "ok"
        say(f"{kind:12} {done[kind]:7} in process, {typed[kind]:5} through the entrances  {how}")
    return list(failures.values())


def _typed(place: CasePlace, kind: str, count: int, begin: int, entrance: str) -> Failure | None:
    return search(kind, count, begin, lambda case: place.typed(case, entrance), typed=True)


def show(failure: Failure) -> None:
    """Print a case that failed: what is not usual in it, and what is wrong."""
    usual = Case(failure.case.kind, ())
    say(f"FAILED: {failure.case.kind}, seed {failure.seed}")
    for name, value in vars(failure.case).items():
        if value != getattr(usual, name) and name != "answers":
            say(f"  {name}: {value!r}"[:3000])
    for verb, answer in failure.case.answers.items():
        say(f"  limactl {verb}: {answer!r}"[:600])
    for problem in failure.wrong:
        say(f"  {problem}"[-4000:])
