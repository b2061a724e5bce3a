"""The rule by which `inv test.soak` calls a long run flat, and how a killed run goes on."""

import pytest

from tests.soak import judge
from tests.soak.judge import MADE_ONCE, Cycle
from tests.soak.world import kept_world

_FIGURES = {
    "processes, left": 0,
    "processes, running": 4,
    "descriptors, running": 100,
    "memory, host agent": 40_000_000,
    "files, cache": 3,
    "bytes, cache": 4000,
    "bytes, logs": 30_000,
    "bytes, disk": 900_000_000,
}


def cycles(count=20, **changes):
    """Cycles with the same figures, but those of ``changes``: a value for each cycle's number."""
    named = {name.replace("__", ", ").replace("_", " "): value for name, value in changes.items()}
    return [
        Cycle(number, figures={**_FIGURES, **{name: value(number) for name, value in named.items()}})
        for number in range(1, count + 1)
    ]


def test_what_stays_the_same_is_flat():
    assert judge.problems(cycles()) == []


def test_what_is_made_in_the_first_cycles_is_flat():
    assert judge.problems(cycles(files__cache=lambda number: min(number, MADE_ONCE))) == []


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("files__cache", lambda number: 3 + number // 15),
        ("processes__running", lambda number: 4 + (number == 20)),
        ("descriptors__running", lambda number: 100 + number),
        ("memory__host_agent", lambda number: 40_000_000 + 1_000_000 * number),
        ("bytes__cache", lambda number: 4000 + 8 * 1024 * number),
        ("bytes__logs", lambda number: 200_000 * number),
        ("bytes__disk", lambda number: 2**26 * number),
        ("files__TMPDIR", lambda number: number > 10),
    ],
)
def test_what_grows_is_not(figure, value):
    (problem,) = judge.problems(cycles(**{figure: value}))
    assert problem.startswith(figure.replace("__", ", ").replace("_", " "))


def test_a_process_that_is_left_is_not_even_if_it_always_is():
    assert judge.problems(cycles(2, processes__left=lambda number: 1)) == [
        "cycle 1: 1 processes are left",
        "cycle 2: 1 processes are left",
    ]


def test_a_cycle_that_failed_is_a_problem_and_has_no_figures():
    assert judge.problems([*cycles(7), Cycle(8, problem="start ended with 1")]) == ["cycle 8: start ended with 1"]


def test_a_killed_run_goes_on_where_it_was_and_a_fresh_one_begins_anew(home):
    with kept_world(fresh=False) as world:
        for cycle in cycles(2):
            world.keep(cycle)
    with kept_world(fresh=False) as world:
        assert world.cycles() == cycles(2)
        world.keep(cycles(3)[2])
    with kept_world(fresh=False) as world:
        assert world.cycles() == cycles(3)
    with kept_world(fresh=True) as world:
        assert world.cycles() == []
