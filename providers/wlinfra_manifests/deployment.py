"""The Deployment of a group, and the budget that keeps it served while nodes are emptied."""

from __future__ import annotations

from collections.abc import Iterator

from wlinfra.provider import Manifest, RenderedObject
from wlinfra.values import Json

from .group import Group
from .hardware import uses_gpu
from .pods import render_pod
from .storage import access_mode

__all__ = ["render_budget", "render_deployment"]

_PROGRESS_SECONDS = 600
"""Kubernetes' own deadline, to which a warm-up is added: it must be longer than that."""
_MODEL_SECONDS = 1800
"""A model server may take twenty minutes until its first answer."""


def render_deployment(group: Group, needs: tuple[str, ...]) -> RenderedObject:
    """Return the Deployment; ``needs`` are the parts its pods cannot start without."""
    return RenderedObject(
        part=group.part("Deployment"),
        manifest={
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": group.main_metadata(),
            "spec": _spec(group),
        },
        depends_on=needs,
    )


def _spec(group: Group) -> Manifest:
    spec: dict[str, Json] = {}
    # Never beside an autoscaler: sending a number would undo what it decided.
    if group.is_stopped:
        spec["replicas"] = 0
    elif not group.policies:
        spec["replicas"] = group.runtime.bounds[0]
    spec["selector"] = {"matchLabels": group.selector}
    spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": _surge(group)}
    minutes = group.workload.replacement.warmup_minutes if group.workload.replacement is not None else None
    if minutes:
        spec["minReadySeconds"] = minutes * 60
    if minutes or group.is_nim:
        deadline = _MODEL_SECONDS if group.is_nim else _PROGRESS_SECONDS
        spec["progressDeadlineSeconds"] = (minutes or 0) * 60 + deadline
    labels = {"app.kubernetes.io/name": group.owner, **group.selector}
    spec["template"] = {"metadata": {"labels": labels}, "spec": render_pod(group)}
    return spec


def _surge(group: Group) -> dict[str, Json]:
    """Return how a rollout goes: where a GPU or a volume cannot be held twice, an old pod stops before a new one starts."""
    scarce = uses_gpu(group) and not group.target.gpu_surge
    if not scarce and not (group.is_nim and access_mode(group) == "ReadWriteOnce"):
        return {"maxSurge": "25%", "maxUnavailable": 0}
    if group.runtime.bounds[0] <= 1:
        group.problems.note(
            f"A rollout of {group.name} stops the old pod before the new one starts, "
            + (
                "for no GPU is held twice; gpu_surge changes that."
                if scarce
                else "for one pod at a time has its volume."
            )
        )
    return {"maxSurge": 0, "maxUnavailable": 1}


def render_budget(group: Group) -> Iterator[RenderedObject]:
    """Yield the budget when several replicas run at any time: with fewer it would block the emptying of nodes."""
    if group.is_stopped or group.runtime.bounds[0] < 2:
        return
    # The operator finds its pods by this label of its own.
    selector = {"app": group.name} if group.by_operator else group.selector
    yield RenderedObject(
        part=group.part("PodDisruptionBudget"),
        manifest={
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": group.metadata(group.name),
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": selector}},
        },
    )
