"""How many replicas run, decided by what is measured: policies and the functions that create them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from wlinfra.resources.declaring import Problem
from wlinfra.resources.fields import Flag, Number, Whole, Word, attribute
from wlinfra.resources.model import Model

__all__ = [
    "Autoscaling",
    "Metric",
    "ScalingPolicy",
    "concurrency",
    "cpu",
    "custom_metric",
    "gpu_cache",
    "queue_depth",
    "requests_in_flight",
    "requests_per_hour",
]


class Metric(StrEnum):
    """What is measured; any other string is the name of a metric the containers export."""

    CPU = "cpuAverageUtilization"
    CONCURRENCY = "httpRequestsConcurrency"
    GPU_CACHE = "gpuCacheUtilization"
    QUEUE_DEPTH = "gpuRequestQueueDepth"
    REQUESTS_PER_HOUR = "httpRequestsPerHour"
    REQUESTS_IN_FLIGHT = "httpRequestsInFlight"


_METRICS = frozenset(Metric)


class ScalingPolicy(Model):
    """One metric with the value to keep and the bounds to stay within."""

    metric: Word = attribute(
        ..., "What is measured.", "scaling_metric", min_length=1, examples=[*Metric, "vllm:kv_cache_usage_perc"]
    )
    target: Number = attribute(..., "The value to keep for each replica.", gt=0)
    min: Whole | None = attribute(None, "The fewest replicas; with 0 it scales to zero when idle.", "min_count", ge=0)
    max: Whole | None = attribute(None, "The most replicas.", "max_count", ge=0)
    priority: Whole | None = attribute(None, "Ranks several policies.")

    @property
    def is_custom(self) -> bool:
        """True for a metric that the containers export under a name of their own."""
        return self.metric not in _METRICS

    def rules(self) -> Iterator[Problem]:
        """Yield bounds that contradict each other or the metric."""
        if self.min is not None and self.max is not None and self.min > self.max:
            yield Problem(
                summary="Bounds are reversed",
                detail=f"The fewest replicas ({self.min}) are more than the most ({self.max}).",
                fix="Swap min and max, or raise max.",
                path=("min",),
            )
        if self.metric == Metric.CPU and self.min == 0:
            yield Problem(
                summary="Scaling from zero impossible",
                detail="Without a replica there is no CPU load to measure, so it would never start again.",
                fix="Set min=1, or scale by wl.concurrency, which can go to zero.",
                path=("min",),
            )


class Autoscaling(Model):
    """Policies of one group; bounds given here hold for every policy without its own."""

    enabled: Flag = attribute(True, "Whether it is in force.")
    policies: tuple[ScalingPolicy, ...] = attribute(..., "The policies.", min_length=1)
    min_replicas: Whole | None = attribute(None, "The fewest replicas for all policies.", "min_replica_count", ge=0)
    max_replicas: Whole | None = attribute(None, "The most replicas for all policies.", "max_replica_count", ge=0)

    def bounded(self) -> tuple[ScalingPolicy, ...]:
        """Return the policies with their bounds filled in."""
        return tuple(
            policy
            if policy.min is not None and policy.max is not None
            else policy.model_copy(update=self._bounds(policy))
            for policy in self.policies
        )

    def _bounds(self, policy: ScalingPolicy) -> dict[str, int | None]:
        return {
            "min": self.min_replicas if policy.min is None else policy.min,
            "max": self.max_replicas if policy.max is None else policy.max,
        }

    def rules(self) -> Iterator[Problem]:
        """Yield policies without bounds, bounds that contradict them, and metrics given twice."""
        for index, policy in enumerate(self.policies):
            filled = self._bounds(policy)
            yield from (
                Problem(
                    summary="Missing attribute",
                    detail=f"A policy needs {bound}, or its group one for all policies.",
                    fix=f"Add {bound}=...",
                    path=("policies", index, bound),
                )
                for bound, value in filled.items()
                if value is None
            )
            if filled["min"] is not None and filled != {"min": policy.min, "max": policy.max}:
                bounded = policy.model_copy(update=filled)
                yield from (problem.within("policies", index) for problem in bounded.rules())
        metrics = [policy.metric for policy in self.policies]
        if len(set(metrics)) < len(metrics):
            yield Problem(
                summary="Duplicate metric",
                detail="Two policies measure the same thing.",
                fix="Keep one policy for each metric.",
                path=("policies",),
            )


def cpu(*, target: float, max: int, min: int = 1, priority: int | None = None) -> ScalingPolicy:  # noqa: A002 - the API's words
    """Scale by the mean CPU use of the replicas, in percent; it cannot go to zero."""
    return ScalingPolicy(metric=Metric.CPU, target=target, min=min, max=max, priority=priority)


def concurrency(*, target: float, max: int, min: int = 1, priority: int | None = None) -> ScalingPolicy:  # noqa: A002
    """Scale by requests being served at the same time; it may go to zero."""
    return ScalingPolicy(metric=Metric.CONCURRENCY, target=target, min=min, max=max, priority=priority)


def gpu_cache(*, target: float, max: int, min: int = 1, priority: int | None = None) -> ScalingPolicy:  # noqa: A002
    """Scale by how full the key-value cache of a model server is."""
    return ScalingPolicy(metric=Metric.GPU_CACHE, target=target, min=min, max=max, priority=priority)


def queue_depth(*, target: float, max: int, min: int = 1, priority: int | None = None) -> ScalingPolicy:  # noqa: A002
    """Scale by inference requests that wait for a GPU."""
    return ScalingPolicy(metric=Metric.QUEUE_DEPTH, target=target, min=min, max=max, priority=priority)


def requests_per_hour(*, target: float, max: int, min: int = 1, priority: int | None = None) -> ScalingPolicy:  # noqa: A002
    """Scale by requests in the last hour."""
    return ScalingPolicy(metric=Metric.REQUESTS_PER_HOUR, target=target, min=min, max=max, priority=priority)


def requests_in_flight(*, target: float, max: int, min: int = 1, priority: int | None = None) -> ScalingPolicy:  # noqa: A002
    """Scale by requests accepted and not yet answered."""
    return ScalingPolicy(metric=Metric.REQUESTS_IN_FLIGHT, target=target, min=min, max=max, priority=priority)


def custom_metric(name: str, /, *, target: float, max: int, min: int = 1, priority: int | None = None) -> ScalingPolicy:  # noqa: A002
    """Scale by a metric that the containers export, such as ``vllm:kv_cache_usage_perc``."""
    return ScalingPolicy(metric=name, target=target, min=min, max=max, priority=priority)
