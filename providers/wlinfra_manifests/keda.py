"""KEDA: ScaledObjects, and the routes of its HTTP add-on that count requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from wlinfra.provider import Manifest, RenderedObject
from wlinfra.values import Json

from .entry import outer_host
from .group import Group
from .measures import Concurrency, CpuUse, Exported, Measure
from .scaling import Scaling
from .service import backend_name, backend_port, front_name

__all__ = ["render_keda", "render_route"]


def render_route(group: Group) -> Iterator[RenderedObject]:
    """Yield the InterceptorRoute of counted requests; it stays while the workload is stopped, with its endpoint."""
    if not group.counts_requests or group.target.http_scaling != "interceptor-route":
        return
    counted = [policy for policy in group.runtime.policies if policy.metric.startswith("httpRequests")]
    yield RenderedObject(
        part=group.part("InterceptorRoute"),
        manifest={
            "apiVersion": "http.keda.sh/v1beta1",
            "kind": "InterceptorRoute",
            "metadata": group.metadata(group.name),
            "spec": {
                "target": {"service": backend_name(group), "port": backend_port(group)},
                "rules": [{"hosts": _hosts(group)}],
                "scalingMetric": {"concurrency": {"targetValue": max(1, round(counted[0].target))}},
            },
        },
        depends_on=_pods_service(group),
    )


def render_keda(group: Group, scaling: Scaling) -> RenderedObject:
    """Return what makes KEDA scale the group's Deployment."""
    if group.counts_requests and group.target.http_scaling == "http-scaled-object":
        return _http_scaled_object(group, scaling)
    workload = group.part("NIMService" if group.by_operator else "Deployment")
    routed = (group.part("InterceptorRoute"),) if group.counts_requests else ()
    return RenderedObject(
        part=group.part("ScaledObject"),
        manifest={
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": group.metadata(group.name),
            "spec": {
                "scaleTargetRef": _scale_target(group),
                "minReplicaCount": scaling.fewest,
                "maxReplicaCount": scaling.most,
                "pollingInterval": group.target.polling_seconds,
                "cooldownPeriod": group.target.cooldown_seconds,
                **_first_idle(group, scaling),
                "triggers": [_trigger(group, measure) for measure in scaling.measures],
            },
        },
        depends_on=(workload, *routed),
    )


def _first_idle(group: Group, scaling: Scaling) -> dict[str, Json]:
    """Return the time before the first way to zero: the cooldown alone counts from load that KEDA saw itself."""
    return {} if scaling.fewest else {"initialCooldownPeriod": group.target.cooldown_seconds}


def _scale_target(group: Group) -> dict[str, Json]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": group.name}


def _pods_service(group: Group) -> tuple[str, ...]:
    return (group.part("NIMService" if group.by_operator else "Service-backend"),)


def _hosts(group: Group) -> list[str]:
    """Return the hosts by which requests are routed: the outer one and those inside the cluster."""
    inner = f"{front_name(group)}.{group.target.namespace}.svc"
    outer = outer_host(group)
    return [*([outer] if outer else []), inner, f"{inner}.cluster.local"]


def _trigger(group: Group, measure: Measure) -> Manifest:
    """Return one trigger; every value of its metadata is a text."""
    match measure:
        case CpuUse(percent):
            return {"type": "cpu", "metricType": "Utilization", "metadata": {"value": str(percent)}}
        case Concurrency():
            metadata = {"scalerAddress": group.target.http_scaler, "interceptorRoute": group.name}
            return {"type": "external-push", "metadata": metadata}
        case Exported():
            return {
                "type": "prometheus",
                "metricType": "Value" if measure.is_level else "AverageValue",
                "metadata": {
                    "serverAddress": group.target.prometheus,
                    "query": _query(group, measure),
                    "threshold": f"{measure.target.normalize():f}",
                },
            }
        case _:
            assert_never(measure)


def _query(group: Group, measure: Exported) -> str:
    function = "avg" if measure.is_level else "sum"
    return f'{function}({measure.name}{{namespace="{group.target.namespace}",service="{backend_name(group)}"}})'


def _http_scaled_object(group: Group, scaling: Scaling) -> RenderedObject:
    """Return the object of add-ons before 0.14; it makes the ScaledObject itself and holds one metric."""
    target = {**_scale_target(group), "service": backend_name(group), "port": backend_port(group)}
    (requests,) = [measure.requests for measure in scaling.measures if isinstance(measure, Concurrency)]
    return RenderedObject(
        part=group.part("HTTPScaledObject"),
        manifest={
            "apiVersion": "http.keda.sh/v1alpha1",
            "kind": "HTTPScaledObject",
            "metadata": group.metadata(group.name),
            "spec": {
                "hosts": _hosts(group),
                "pathPrefixes": ["/"],
                "scaleTargetRef": target,
                "replicas": {"min": scaling.fewest, "max": scaling.most},
                "scalingMetric": {"concurrency": {"targetValue": requests}},
                "scaledownPeriod": group.target.cooldown_seconds,
            },
        },
        depends_on=(*_pods_service(group), group.part("NIMService" if group.by_operator else "Deployment")),
    )
