"""HorizontalPodAutoscalers, and the same metrics inside a NIMService, whose operator makes one."""

from __future__ import annotations

from typing import assert_never

from wlinfra.provider import Manifest, RenderedObject

from .group import Group
from .measures import Concurrency, CpuUse, Exported, Measure
from .quantities import format_amount
from .scaling import Scaling

__all__ = ["render_hpa", "render_metrics"]


def render_hpa(group: Group, scaling: Scaling) -> RenderedObject:
    """Return the autoscaler of a Deployment."""
    spec: Manifest = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": group.name},
        "minReplicas": scaling.fewest,
        "maxReplicas": scaling.most,
        "metrics": render_metrics(scaling),
    }
    return RenderedObject(
        part=group.part("HorizontalPodAutoscaler"),
        manifest={
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": group.metadata(group.name),
            "spec": spec,
        },
        depends_on=(group.part("Deployment"),),
    )


def render_metrics(scaling: Scaling) -> list[Manifest]:
    """Return what is measured, in the words of autoscaling/v2."""
    return [_metric(measure) for measure in scaling.measures]


def _metric(measure: Measure) -> Manifest:
    match measure:
        case CpuUse(percent):
            target = {"type": "Utilization", "averageUtilization": percent}
            return {"type": "Resource", "resource": {"name": "cpu", "target": target}}
        case Exported():
            value = {"type": "AverageValue", "averageValue": format_amount(measure.target)}
            return {"type": "Pods", "pods": {"metric": {"name": measure.name}, "target": value}}
        case Concurrency():
            raise ValueError("a HorizontalPodAutoscaler counts no requests; decide_scaling takes KEDA for them")
        case _:
            assert_never(measure)
