"""Which objects are planned together: one after another, or many at once where a plan asks the platform.

Called by `plan.planner`. Objects of one batch do not depend on each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from wlinfra.changes.model import PlatformObject
from wlinfra.plan.inputs import Inputs
from wlinfra.provider.optional import PlansInParallel
from wlinfra.values import Address

__all__ = ["PlanBatch", "batches"]

T = TypeVar("T")


class PlanBatch(Protocol):
    """Plans every object of a batch; the answers stand in the order of the objects."""

    def __call__(self, plan: Callable[[PlatformObject], T], items: Sequence[PlatformObject], /) -> Sequence[T]:
        """Return one answer for each."""
        ...


def batches(
    inputs: Inputs, objects: Mapping[Address, PlatformObject]
) -> Iterator[tuple[Sequence[PlatformObject], PlanBatch]]:
    """Yield the objects in batches, dependencies first, each with the way to plan it."""
    workers = max(
        (
            connection.plan_parallelism
            for connection in inputs.connections.values()
            if isinstance(connection, PlansInParallel)
        ),
        default=1,
    )
    if workers <= 1:
        yield from (([item], _in_turn) for item in objects.values())
        return
    from concurrent.futures import ThreadPoolExecutor  # most plans ask nothing, and need no threads

    with ThreadPoolExecutor(workers, thread_name_prefix="plan") as pool:

        def at_once(plan: Callable[[PlatformObject], T], items: Sequence[PlatformObject], /) -> Sequence[T]:
            return list(pool.map(plan, items))

        for batch in _levels(objects):
            yield batch, at_once


def _in_turn(plan: Callable[[PlatformObject], T], items: Sequence[PlatformObject], /) -> Sequence[T]:
    return [plan(item) for item in items]


def _levels(objects: Mapping[Address, PlatformObject]) -> Iterator[list[PlatformObject]]:
    """Yield the objects by the length of the longest chain of dependencies before them."""
    depth: dict[Address, int] = {}
    levels: dict[int, list[PlatformObject]] = defaultdict(list)
    for address, item in objects.items():  # dependencies stand first
        depth[address] = 1 + max((depth.get(earlier, -1) for earlier in item.depends_on), default=-1)
        levels[depth[address]].append(item)
    for level in sorted(levels):
        yield levels[level]
