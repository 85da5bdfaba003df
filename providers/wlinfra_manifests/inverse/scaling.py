"""The policies behind a live autoscaler."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from wlinfra.resources.autoscaling import Metric, ScalingPolicy

from ..measures import server_metric
from ..quantities import amount
from .containers import primary_image
from .live import Document, LiveGroup

__all__ = ["policies_of"]

_QUERY = re.compile(r"(?:avg|sum)\(([A-Za-z_:][A-Za-z0-9_:]*)\{.*\}\)")


def policies_of(live: LiveGroup) -> list[ScalingPolicy]:
    """Return the policies; metrics that no policy stands for are left out."""
    if live.is_stopped:
        return [*_counted_while_stopped(live)]
    least, most, measured = _measured(live)
    return [ScalingPolicy(metric=metric, target=float(target), min=least, max=most) for metric, target in measured]


def _counted_while_stopped(live: LiveGroup) -> Iterator[ScalingPolicy]:
    """Yield what keeps the route of a stopped group; its bounds are on no cluster."""
    route = live.shown.find("InterceptorRoute", live.name)
    if route is not None:
        yield ScalingPolicy(metric=Metric.CONCURRENCY, target=_concurrency(route), min=1, max=1)


def _measured(live: LiveGroup) -> tuple[int, int, list[tuple[str, Decimal]]]:
    """Return the bounds, and metrics with their targets."""
    if live.by_operator and (live.spec.get("scale") or {}).get("enabled"):
        return _of_hpa(live, live.spec["scale"].get("hpa") or {})
    scaler = live.shown.scaler(live.name)
    if scaler is None:
        return 0, 0, []
    spec = scaler["spec"]
    match scaler["kind"]:
        case "HorizontalPodAutoscaler":
            return _of_hpa(live, spec)
        case "HTTPScaledObject":
            bounds = spec.get("replicas") or {}
            metric = (str(Metric.CONCURRENCY), Decimal(_concurrency(scaler)))
            return bounds.get("min", 0), bounds.get("max", 100), [metric]
        case _:
            triggers = [_of_trigger(live, trigger) for trigger in spec.get("triggers") or ()]
            bounds = spec.get("minReplicaCount", 0), spec.get("maxReplicaCount", 100)
            return *bounds, [trigger for trigger in triggers if trigger is not None]


def _of_hpa(live: LiveGroup, spec: Document) -> tuple[int, int, list[tuple[str, Decimal]]]:
    found = [_of_metric(live, metric) for metric in spec.get("metrics") or ()]
    return spec.get("minReplicas", 1), spec.get("maxReplicas", 1), [one for one in found if one is not None]


def _of_metric(live: LiveGroup, metric: Document) -> tuple[str, Decimal] | None:
    match metric:
        case {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": percent}}}:
            return str(Metric.CPU), Decimal(percent)
        case {"type": "Pods", "pods": {"metric": {"name": name}, "target": {"averageValue": value}}}:
            return _exported(live, name), amount(value)
        case _:
            return None


def _of_trigger(live: LiveGroup, trigger: Document) -> tuple[str, Decimal] | None:
    match trigger:
        case {"type": "cpu", "metadata": {"value": percent}}:
            return str(Metric.CPU), amount(percent)
        case {"type": "external-push", "metadata": {"interceptorRoute": name}}:
            route = live.shown.find("InterceptorRoute", name)
            return None if route is None else (str(Metric.CONCURRENCY), Decimal(_concurrency(route)))
        case {"type": "prometheus", "metadata": {"query": query, "threshold": threshold}}:
            found = _QUERY.fullmatch(query)
            return None if found is None else (_exported(live, found[1]), amount(threshold))
        case _:
            return None


def _concurrency(document: Document) -> int:
    counted = (document["spec"].get("scalingMetric") or {}).get("concurrency") or {}
    return int(counted.get("targetValue", 100))


def _exported(live: LiveGroup, name: str) -> str:
    """Return the metric behind a name that the containers export."""
    image = primary_image(live)
    for metric in (Metric.GPU_CACHE, Metric.QUEUE_DEPTH):
        if server_metric(live.target, metric, image, is_nim=live.is_nim) == name:
            return str(metric)
    return name
