"""Which autoscaler holds a group's policies, and what it measures; `hpa` and `keda` write it down.

One autoscaler stands for each Deployment: it takes the largest number that any of its metrics asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from wlinfra.resources.declaring import Problem

from .group import Group
from .measures import Concurrency, Exported, Measure, measure

__all__ = ["Scaling", "decide_scaling"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """How many replicas run, and what decides."""

    by: Literal["hpa", "keda"]
    fewest: int
    most: int
    measures: tuple[Measure, ...]


def decide_scaling(group: Group) -> Scaling | None:
    """Return the scaling of a group, None when the number of replicas is fixed or a policy cannot be honoured."""
    if not group.policies:
        return None
    bounds = _bounds(group)
    found = [measure(group, policy) for policy in group.policies]
    measures = tuple(item for item in found if item is not None)
    if bounds is None or len(measures) < len(found):
        return None
    problems = list(_impossible(group, bounds, measures))
    for problem in problems:
        group.refuse_workload(group.in_policy(group.policies[0], *problem.path), problem)
    needs_keda = bounds[0] == 0 or any(isinstance(item, Concurrency) for item in measures)
    scaling = Scaling(
        by="keda" if needs_keda or group.target.autoscaler == "keda" else "hpa",
        fewest=bounds[0],
        most=bounds[1],
        measures=measures,
    )
    for problem in _doubtful(group, scaling):
        group.warn_workload(group.in_policy(group.policies[0], *problem.path), problem)
    return None if problems else scaling


def _bounds(group: Group) -> tuple[int, int] | None:
    """Return the one pair of bounds that an autoscaler can have."""
    policies = group.policies
    pairs = {(policy.min or 0, policy.max or 0) for policy in policies}
    if len(pairs) > 1:
        group.refuse_workload(
            group.in_policy(policies[1], "min"),
            Problem(
                summary="Different bounds of policies",
                detail="One autoscaler holds all policies of a group, and it has one pair of bounds.",
                fix="Give every policy the same min and max, or min_replicas and max_replicas for all.",
            ),
        )
        return None
    if len({policy.priority for policy in policies}) > 1:
        group.warn_workload(
            group.in_policy(policies[0], "priority"),
            Problem(
                summary="Priority has no effect",
                detail="An autoscaler here follows whichever policy asks for the most replicas.",
                fix="Leave priority out.",
            ),
        )
    return pairs.pop()


def _impossible(group: Group, bounds: tuple[int, int], measures: tuple[Measure, ...]) -> Iterator[Problem]:
    target = group.target
    counted = any(isinstance(item, Concurrency) for item in measures)
    by_keda = bounds[0] == 0 or counted
    if bounds[1] < 1:
        yield Problem(
            summary="At most no replica",
            detail="An autoscaler needs room for one replica.",
            fix='Set max to 1 or more, or power="stopped".',
            path=("max",),
        )
    if target.autoscaler == "hpa" and by_keda:
        yield Problem(
            summary="Needs KEDA",
            detail="A HorizontalPodAutoscaler can neither go to zero nor count requests, and the target allows no other.",
            fix='Set autoscaler="auto" in the target options of the environment, or set min to 1 and scale by another metric.',
            path=("min",),
        )
    if (by_keda or target.autoscaler == "keda") and not target.prometheus and any(map(_is_exported, measures)):
        yield Problem(
            summary="No Prometheus server",
            detail="KEDA reads metrics of containers from Prometheus, and no address is given.",
            fix='Give it in the target options of the environment: prometheus="http://prometheus.monitoring:9090".',
            path=("metric",),
        )
    if counted and target.http_scaling == "http-scaled-object" and len(measures) > 1:
        yield Problem(
            summary="Concurrency not alone",
            detail="An HTTPScaledObject makes an autoscaler of its own that holds no other metric.",
            fix='Keep one policy, or set http_scaling="interceptor-route" with add-on 0.14 or later.',
            path=("metric",),
        )


def _is_exported(item: Measure) -> bool:
    return isinstance(item, Exported)


def _doubtful(group: Group, scaling: Scaling) -> Iterator[Problem]:
    """Yield what works, but perhaps not as meant."""
    if scaling.fewest == 0 and not any(isinstance(item, Concurrency) for item in scaling.measures):
        yield Problem(
            summary="May never wake up",
            detail="Without a replica the containers export nothing, so something else must export this metric.",
            fix="Make sure of that, or scale by wl.concurrency, which wakes with the first request.",
            path=("min",),
        )
    if group.by_operator and scaling.by == "keda":
        yield Problem(
            summary="Scaling beside the NIM Operator",
            detail="KEDA scales the Deployment that the operator made; the operator sets it back to one replica whenever it rewrites it.",
            fix='Use nim="plain" in the target options of the environment, or a policy with min=1 that a HorizontalPodAutoscaler can hold.',
            path=("metric",),
        )
