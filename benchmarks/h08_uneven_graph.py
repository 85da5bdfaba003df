"""H8: a chain beside a fan-out, with calls of very different length, against the two bounds that no scheduler beats.

An executor that works layer by layer is computed from the same lengths: its every layer ends with its slowest call.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.support.bench import Bench
from benchmarks.support.inputs import Bed, Item, declare_all
from benchmarks.support.report import Report, at_least, at_most
from benchmarks.support.timing import round_robin, show
from wlinfra.changes.model import Decision, Step
from wlinfra.clock import SystemClock
from wlinfra.provider.base import PlanRequest, StepResult
from wlinfra.resources.base import Resource
from wlinfra.testing import MemoryProvider

_PARALLELISM = 32
_SHORTEST, _LONGEST = 0.005, 0.5


@dataclass(frozen=True, slots=True)
class _Graph:
    """A root, a chain behind it, and many objects that need only the root."""

    chain: tuple[str, ...]
    leaves: tuple[str, ...]
    seconds: Mapping[str, float]

    @property
    def critical_path(self) -> float:
        return self.seconds["root"] + max(sum(self.seconds[name] for name in self.chain), self.longest_leaf)

    @property
    def longest_leaf(self) -> float:
        return max(self.seconds[name] for name in self.leaves)

    @property
    def bound(self) -> float:
        """The time no executor beats, in seconds."""
        return max(self.critical_path, sum(self.seconds.values()) / _PARALLELISM)

    @property
    def layered(self) -> float:
        """The time of an executor that ends each layer before the next, in seconds."""
        layers: list[Sequence[str]] = [("root",), (self.chain[0], *self.leaves), *((name,) for name in self.chain[1:])]
        return sum(_makespan([self.seconds[name] for name in layer]) for layer in layers)

    def declare(self) -> Iterator[Resource]:
        """Yield the resources."""
        root = previous = Item("root")
        yield root
        for name in self.chain:
            previous = Item(name, depends_on=[previous])
            yield previous
        for name in self.leaves:
            yield Item(name, depends_on=[root])


def measure(bench: Bench) -> Report:
    """Return the time of an apply against the bounds, and the order in which calls began."""
    graph = _graph(bench)
    order: list[str] = []
    times = round_robin({"apply": lambda: order.extend(_apply(bench, graph))}, min(bench.runs, 3))
    rows = (
        at_most(
            f"apply, chain of {len(graph.chain)} beside {len(graph.leaves):,}",
            times["apply"] / graph.bound,
            1.1,
            peer="max(critical path, work / 32)",
            detail=f"{show(times['apply'])} to {show(graph.bound)}",
        ),
        at_least(
            "layer by layer (computed)",
            graph.layered / times["apply"],
            1,
            peer="wlinfra",
            detail=f"{show(graph.layered)} to {show(times['apply'])}",
        ),
    )
    begun = order[: len(graph.seconds)]
    last_leaf = max(begun.index(name) for name in graph.leaves)
    counts = {
        "calls": len(begun),
        "chain in order": [name for name in begun if name in set(graph.chain)] == list(graph.chain),
        "chain calls before the last leaf": sum(begun.index(name) < last_leaf for name in graph.chain),
    }
    return Report(name="H8", rows=rows, counts=counts)


def _graph(bench: Bench) -> _Graph:
    chain = tuple(f"chain-{number}" for number in range(bench.choose(small=10, full=100)))
    leaves = tuple(f"leaf-{number}" for number in range(bench.choose(small=200, full=1000)))
    chance = random.Random(1)
    shorter = 1 if bench.is_full else 10
    # Evenly spread over the orders of magnitude, so that most calls are short and a few are long.
    seconds = {
        name: _SHORTEST * (_LONGEST / _SHORTEST) ** chance.random() / shorter for name in ("root", *chain, *leaves)
    }
    return _Graph(chain, leaves, seconds)


def _apply(bench: Bench, graph: _Graph) -> list[str]:
    """Create everything and return the names in the order in which the calls began."""
    clock = SystemClock()
    order: list[str] = []

    def run(step: Step, proceed: Callable[[], StepResult]) -> StepResult:
        name = step.payload["name"]
        order.append(name)
        clock.sleep(graph.seconds[name])
        return proceed()

    def plan(_: PlanRequest, proceed: Callable[[], Decision]) -> Decision:
        # Nothing to wait for afterwards: the length of the calls alone is the question.
        return replace(proceed(), goal=None)

    provider = MemoryProvider(on_run=run, on_plan=plan)
    bed = Bed(bench.folder("graph"), provider, declare_all(graph.declare))
    bed.apply(bed.plan(), parallelism=_PARALLELISM)
    return order


def _makespan(lengths: Sequence[float]) -> float:
    """Return when the last of these ends, each started as soon as a thread is free."""
    free = [0.0] * _PARALLELISM
    for length in lengths:
        heapq.heapreplace(free, free[0] + length)
    return max(free)
