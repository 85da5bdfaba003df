"""Medians of alternatives measured in turn, so that a machine that slows down slows all of them.

Every scenario that compares times calls `round_robin`.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median

__all__ = ["Times", "round_robin", "show"]

_ENOUGH = 60.0
"""Seconds after which an alternative is not run again: some peers take minutes."""


@dataclass(frozen=True, slots=True)
class Times:
    """The runs of each alternative, in seconds."""

    runs: Mapping[str, list[float]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        """Return the median of one alternative in seconds."""
        return median(self.runs[name])

    def ratio(self, name: str, other: str) -> float:
        """Return how many times longer the first takes than the second."""
        return self[name] / self[other]

    def detail(self, name: str, other: str) -> str:
        """Return both medians with the number of runs behind them."""
        return f"{show(self[name])} (n={len(self.runs[name])}) to {show(self[other])} (n={len(self.runs[other])})"


def round_robin(alternatives: Mapping[str, Callable[[], None]], runs: int) -> Times:
    """Run every alternative ``runs`` times, one after another in each round; slow ones drop out after a minute."""
    taken: dict[str, list[float]] = {name: [] for name in alternatives}
    for _ in range(runs):
        for name, action in alternatives.items():
            if sum(taken[name]) < _ENOUGH:
                taken[name].append(_time(action))
    return Times(taken)


def _time(action: Callable[[], None]) -> float:
    gc.collect()
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def show(seconds: float) -> str:
    """Return a duration with three digits, such as 1.23 s.

    >>> show(0.00001234)
    '12.3 us'
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size or unit == "us":
            return f"{seconds / size:.3g} {unit}"
    raise AssertionError
