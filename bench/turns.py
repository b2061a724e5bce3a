"""Measuring several commands in turns, so that whatever else the machine does is in all of them."""

import contextlib
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Way = Callable[[], float]
"""Runs a command once and returns the seconds that it took."""


@dataclass(frozen=True)
class Spread:
    """Of several runs, in seconds: the median, and the middle half (from the first to the third quartile)."""

    median: float
    first: float
    third: float


def measure(
    ways: Mapping[str, Way],
    rounds: int,
    told: Callable[[str], None],
    *,
    at_most: Mapping[str, int] | None = None,
) -> dict[str, list[float]]:
    """Run all ``ways`` in turns, and return the seconds of each.

    One round before the ``rounds`` warms caches; every other goes from the last way to the first. A way in ``at_most``
    is run so many times only, and not to warm caches. ``told`` gets a word after each round. Ctrl-C ends it with what
    was measured so far.
    """
    took: dict[str, list[float]] = {name: [] for name in ways}
    limits = at_most or {}
    with contextlib.suppress(KeyboardInterrupt):
        for number in range(rounds + 1):
            for name in list(ways) if number % 2 else reversed(list(ways)):
                if number == 0 and name in limits:
                    continue
                if number > limits.get(name, rounds):
                    continue
                seconds = ways[name]()
                if number:
                    took[name].append(seconds)
            told(f"round {number}/{rounds}" if number else "warm")
    return took


def spread(seconds: Sequence[float]) -> Spread:
    """Return how ``seconds``, at least one, are spread."""
    if len(seconds) == 1:
        return Spread(seconds[0], seconds[0], seconds[0])
    first, median, third = statistics.quantiles(seconds, n=4, method="inclusive")
    return Spread(median, first, third)
