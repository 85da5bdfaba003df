"""What an autoscaler measures, made of the policies; `scaling` asks for each policy of a group."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

from wlinfra.resources.autoscaling import Metric, ScalingPolicy
from wlinfra.resources.declaring import Problem

from .group import Group
from .hardware import has_cpu
from .images import split_image
from .model import Target

__all__ = ["Concurrency", "CpuUse", "Exported", "Measure", "measure", "server_metric"]


@dataclass(frozen=True, slots=True)
class CpuUse:
    """Mean use of the requested CPU."""

    percent: int


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Requests being served at the same time, for each replica."""

    requests: int


@dataclass(frozen=True, slots=True)
class Exported:
    """A metric that the containers export."""

    name: str
    target: Decimal
    is_level: bool = False
    """True for a fill level, which is averaged; else amounts of the replicas add up."""


Measure: TypeAlias = CpuUse | Concurrency | Exported


_NIM_1: Final = {Metric.GPU_CACHE: "gpu_cache_usage_perc", Metric.QUEUE_DEPTH: "num_requests_waiting"}
_VLLM: Final = {Metric.GPU_CACHE: "vllm:kv_cache_usage_perc", Metric.QUEUE_DEPTH: "vllm:num_requests_waiting"}
_METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


def measure(group: Group, policy: ScalingPolicy) -> Measure | None:
    """Return what a policy measures, None when it cannot be honoured."""
    match policy.metric:
        case Metric.CPU:
            return _cpu(group, policy)
        case Metric.CONCURRENCY | Metric.REQUESTS_IN_FLIGHT:
            return _concurrency(group, policy)
        case Metric.REQUESTS_PER_HOUR:
            _refuse(
                group,
                policy,
                "metric",
                Problem(
                    summary="Metric not possible here",
                    detail="Nothing in a cluster counts the requests of the last hour.",
                    fix="Scale by wl.concurrency.",
                ),
            )
            return None
        case Metric.GPU_CACHE:
            return _level(group, policy)
        case Metric.QUEUE_DEPTH:
            return Exported(_server_metric(group, Metric.QUEUE_DEPTH), Decimal(str(policy.target)))
        case _:
            return _custom(group, policy)


def _refuse(group: Group, policy: ScalingPolicy, attribute: str, problem: Problem) -> None:
    group.refuse_workload(group.in_policy(policy, attribute), problem)


def _cpu(group: Group, policy: ScalingPolicy) -> CpuUse | None:
    whole = _whole(group, policy)
    unknown = [container.name for container in group.containers.containers if not has_cpu(group, container)]
    if unknown:
        _refuse(
            group,
            policy,
            "metric",
            Problem(
                summary="CPU use needs a request",
                detail=f"The use in percent is that of the CPU a container asks for, and {', '.join(map(str, unknown))} asks for none.",
                fix="Give every container of the group a cpu, or a bundle that has one.",
            ),
        )
        return None
    return None if whole is None else CpuUse(whole)


def _concurrency(group: Group, policy: ScalingPolicy) -> Concurrency | None:
    if group.target.http_scaling == "none":
        _refuse(
            group,
            policy,
            "metric",
            Problem(
                summary="Needs the KEDA HTTP add-on",
                detail="Requests being served are counted by the HTTP add-on of KEDA, which this target does without.",
                fix='Install it and set http_scaling="interceptor-route", or scale by another metric.',
            ),
        )
        return None
    both = {Metric.CONCURRENCY, Metric.REQUESTS_IN_FLIGHT} <= {other.metric for other in group.policies}
    if both:
        _refuse(
            group,
            policy,
            "metric",
            Problem(
                summary="Same metric twice",
                detail="Requests in flight and concurrency are one thing here.",
                fix="Keep one of the two policies.",
            ),
        )
        return None
    if policy.metric == Metric.REQUESTS_IN_FLIGHT:
        group.problems.note(f"{group.name} scales by concurrency, which is what requests in flight are here.")
    whole = _whole(group, policy)
    return None if whole is None else Concurrency(whole)


def _whole(group: Group, policy: ScalingPolicy) -> int | None:
    """Return the target as a whole number of at least 1; the server takes no other."""
    if policy.target == int(policy.target) and policy.target >= 1:
        return int(policy.target)
    _refuse(
        group,
        policy,
        "target",
        Problem(
            summary="Target not whole",
            detail=f"Kubernetes takes a whole number of at least 1 here, not {policy.target}.",
            fix=f"Set target={max(1, round(policy.target))}.",
        ),
    )
    return None


def _level(group: Group, policy: ScalingPolicy) -> Exported:
    target = Decimal(str(policy.target))
    if target > 1:
        group.warn_workload(
            group.in_policy(policy, "target"),
            Problem(
                summary="Target taken for percent",
                detail=f"Servers report how full their cache is from 0 to 1, so {policy.target} can only be percent.",
                fix=f"Set target={float(target / 100)}.",
            ),
        )
        target /= 100
    return Exported(_server_metric(group, Metric.GPU_CACHE), target, is_level=True)


def _server_metric(group: Group, metric: Metric) -> str:
    return server_metric(group.target, metric, str(group.primary.image), is_nim=group.is_nim)


def server_metric(target: Target, metric: Metric, image: str, *, is_nim: bool) -> str:
    """Return the name under which the server exports the metric: NIM 1 has names of its own, others those of vLLM."""
    if metric in target.metrics:
        return target.metrics[metric]
    return (_NIM_1 if is_nim and split_image(image).major == 1 else _VLLM)[metric]


def _custom(group: Group, policy: ScalingPolicy) -> Exported | None:
    if _METRIC.fullmatch(policy.metric):
        return Exported(policy.metric, Decimal(str(policy.target)))
    _refuse(
        group,
        policy,
        "metric",
        Problem(
            summary="Metric name not possible here",
            detail="The name of an exported metric has letters, digits, colons and underscores, and no slash.",
            fix="Write the name as the container exports it.",
        ),
    )
    return None
