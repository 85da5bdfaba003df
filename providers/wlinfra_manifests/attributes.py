"""Which attribute stands behind which field of the objects: the table for whatever names a path to people.

Paths of the declaration begin at the workload, with the long form of a runtime; `attribute_paths` spells them as the
program does. ``[]`` is the same element of a list or map on both sides, ``[*]`` one that only the object names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from wlinfra.resources.artifact import Artifact
from wlinfra.resources.autoscaling import Metric, ScalingPolicy
from wlinfra.resources.container import Container
from wlinfra.resources.runtime import GroupRuntime
from wlinfra.resources.workload import Workload
from wlinfra.values import Secret

from .labels import RESOLVED_BUNDLE, description_key
from .probes import PROBE
from .rows import paths
from .secrets import secret_key
from .security import SECURITY

__all__ = ["ATTRIBUTES", "attribute_paths"]

Pairs = tuple[tuple[str, str], ...]

_GROUP: Final = "runtime.container_groups[]"
_CONTAINER: Final = "artifact.container_groups[].containers[]"
_ALLOCATION: Final = f"{_GROUP}.containers[].allocation"
_POLICY: Final = f"{_GROUP}.autoscaling.policies[]"
_PROBES: Final = ("startup", "readiness", "liveness")
_CPU: Final = "metrics[Resource].resource.target.averageUtilization"
_EXPORTED: Final = "metrics[Pods].pods.target.averageValue"
_MEASURED: Final[Mapping[str, tuple[str, str]]] = {
    "HorizontalPodAutoscaler": (f"spec.{_CPU}", f"spec.{_EXPORTED}"),
    "NIMService": (f"spec.scale.hpa.{_CPU}", f"spec.scale.hpa.{_EXPORTED}"),
    "ScaledObject": ("spec.triggers[cpu].metadata.value", "spec.triggers[prometheus].metadata.threshold"),
}
"""Where an autoscaler has the use of CPU, and where what containers export."""


def _below(wire: str, declared: str, pairs: Pairs) -> Pairs:
    return tuple((f"{wire}{one}", f"{declared}{other}") for one, other in pairs)


_DESCRIBED: Final[Pairs] = (
    ('metadata.annotations["wlinfra.dev/description"]', "description"),
    ('metadata.annotations["wlinfra.dev/artifact-description"]', "artifact.description"),
    ('metadata.annotations["wlinfra.dev/artifact-status"]', "artifact.status"),
    (f'metadata.annotations["{RESOLVED_BUNDLE}"]', f"{_GROUP}.bundles"),
)
_PLACED: Final[Pairs] = tuple(
    (name, f"{_GROUP}.bundles") for name in ("affinity", "nodeSelector", "runtimeClassName", "tolerations")
)
_ENVIRONMENT: Final[Pairs] = (
    ("env", "env"),
    ("env[]", "env[]"),
    ("env[].value", "env[]"),
    ("env[].valueFrom", "env[]"),
)
_RESOURCES: Final[Pairs] = (
    ("resources", _ALLOCATION),
    ("resources.requests", _ALLOCATION),
    ("resources.limits", _ALLOCATION),
    ("resources.requests.cpu", f"{_ALLOCATION}.cpu"),
    ("resources.requests.memory", f"{_ALLOCATION}.memory"),
    ("resources.limits.memory", f"{_ALLOCATION}.memory"),
    ("resources.requests[*]", f"{_ALLOCATION}.gpu"),
    ("resources.limits[*]", f"{_ALLOCATION}.gpu"),
    ("resources.claims", f"{_ALLOCATION}.gpu"),
)
_STARTED: Final[Pairs] = (
    ("image", f"{_CONTAINER}.image"),
    ("command", f"{_CONTAINER}.entrypoint"),
    *_below("", f"{_CONTAINER}.", _ENVIRONMENT),
)


def _probes(inner: str) -> Pairs:
    return tuple(
        pair
        for name in _PROBES
        for pair in (
            (f"{name}Probe", f"{_CONTAINER}.{name}"),
            *_below(f"{name}Probe.{inner}", f"{_CONTAINER}.{name}.", tuple(paths(PROBE))),
        )
    )


ATTRIBUTES: Final[Mapping[str, Pairs]] = {
    "Deployment": (
        *_DESCRIBED,
        ("spec.replicas", f"{_GROUP}.replicas"),
        ("spec.minReadySeconds", "replacement.warmup_minutes"),
        ("spec.progressDeadlineSeconds", "replacement.warmup_minutes"),
        ("spec.template.spec.priorityClassName", "importance"),
        *_below("spec.template.spec.", "", (*_PLACED, ("resourceClaims", f"{_GROUP}.bundles"))),
        ("spec.template.spec.volumes", "artifact.storage"),
        ("spec.template.spec.containers", "artifact.container_groups[].containers"),
        ("spec.template.spec.containers[]", _CONTAINER),
        *_below(
            "spec.template.spec.containers[].",
            "",
            (
                *_STARTED,
                ("ports", f"{_CONTAINER}.port"),
                ("ports[*].containerPort", f"{_CONTAINER}.port"),
                *_RESOURCES,
                *_probes(""),
                ("securityContext", f"{_CONTAINER}.security"),
                ("securityContext.runAsNonRoot", "spec.template.spec.containers[].securityContext.runAsNonRoot"),
                *_below("securityContext.", f"{_CONTAINER}.security.", tuple(paths(SECURITY))),
            ),
        ),
    ),
    "NIMService": (
        *_DESCRIBED,
        *_below("spec.", "", _STARTED),
        ("spec.image.repository", f"{_CONTAINER}.image"),
        ("spec.image.tag", f"{_CONTAINER}.image"),
        ("spec.expose.service.port", f"{_CONTAINER}.port"),
        ("spec.storage", "artifact.storage"),
        ("spec.priorityClassName", "importance"),
        ("spec.replicas", f"{_GROUP}.replicas"),
        ("spec.scale.hpa.minReplicas", f"{_POLICY}.min"),
        ("spec.scale.hpa.maxReplicas", f"{_POLICY}.max"),
        ("spec.scale.hpa.metrics[*].resource.target.averageUtilization", f"{_POLICY}.target"),
        ("spec.scale.hpa.metrics[*].pods.target.averageValue", f"{_POLICY}.target"),
        ("spec.scale.hpa.metrics[*].pods.metric.name", f"{_POLICY}.metric"),
        *_below("spec.", "", (*_PLACED, ("draResources", f"{_GROUP}.bundles"), *_RESOURCES[:-1], *_probes("probe."))),
        ("spec.sidecarContainers", "artifact.container_groups[].containers"),
        ("spec.sidecarContainers[]", _CONTAINER),
        *_below("spec.sidecarContainers[].", "", _STARTED),
        ("spec.sidecarContainers[].image.repository", f"{_CONTAINER}.image"),
        ("spec.sidecarContainers[].image.tag", f"{_CONTAINER}.image"),
    ),
    "HorizontalPodAutoscaler": (
        ("spec.minReplicas", f"{_POLICY}.min"),
        ("spec.maxReplicas", f"{_POLICY}.max"),
        ("spec.metrics", f"{_GROUP}.autoscaling"),
        ("spec.metrics[*].resource.target.averageUtilization", f"{_POLICY}.target"),
        ("spec.metrics[*].pods.target.averageValue", f"{_POLICY}.target"),
        ("spec.metrics[*].pods.metric.name", f"{_POLICY}.metric"),
    ),
    "ScaledObject": (
        ("spec.minReplicaCount", f"{_POLICY}.min"),
        ("spec.maxReplicaCount", f"{_POLICY}.max"),
        ("spec.triggers", f"{_GROUP}.autoscaling"),
        ("spec.triggers[*].metadata.value", f"{_POLICY}.target"),
        ("spec.triggers[*].metadata.threshold", f"{_POLICY}.target"),
        ("spec.triggers[*].metadata.query", f"{_POLICY}.metric"),
    ),
    "InterceptorRoute": (("spec.scalingMetric.concurrency.targetValue", f"{_POLICY}.target"),),
    "HTTPScaledObject": (
        ("spec.replicas.min", f"{_POLICY}.min"),
        ("spec.replicas.max", f"{_POLICY}.max"),
        ("spec.scalingMetric.concurrency.targetValue", f"{_POLICY}.target"),
    ),
    "PersistentVolumeClaim": (("spec.resources.requests.storage", "artifact.storage.pvc_size"),),
    "Secret": (("data", f"{_CONTAINER}.env"), ("data[]", f"{_CONTAINER}.env[]")),
}
"""By kind: the path in the object and the path in the declaration."""


def attribute_paths(kind: str, workload: Workload, artifact: Artifact, *, group: str = "default") -> Pairs:
    """Return the pairs for an object of the kind that was rendered for a group: its path, and the program's.

    Of several pairs with one path of the object, the first is as the program has it; the others are as it might.
    Attributes of the artifact begin with ``artifact`` there, and are understood without it.
    """
    form = _Form(
        group=group,
        groups=bool(artifact.container_groups),
        runtime=workload.runtime is not None,
        allocations=bool(workload.allocations),
    )
    own = tuple(_own(kind, workload, artifact, group))
    return (*_spelled(own, form), *_of_kind(kind, form))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """Which of several spellings a program has chosen."""

    group: str
    groups: bool
    runtime: bool
    allocations: bool


@lru_cache(maxsize=256)
def _of_kind(kind: str, form: _Form) -> Pairs:
    return _spelled(ATTRIBUTES.get(kind, ()), form)


def _spelled(pairs: Pairs, form: _Form) -> Pairs:
    return tuple(dict.fromkeys((wire, name) for wire, declared in pairs for name in _names(declared, form)))


def _own(kind: str, workload: Workload, artifact: Artifact, group: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs that depend on the declaration: tags, descriptions, secrets, bundles and policies."""
    for tag in workload.tags or ():
        yield f"metadata.labels[{_quoted(tag)}]", f"tags[{_quoted(tag)}]"
        yield f"metadata.annotations[{_quoted(tag)}]", f"tags[{_quoted(tag)}]"
    yield 'metadata.labels["wlinfra.dev/importance"]', "importance"
    containers = next((one.containers for one in artifact.groups if one.name == group), ())
    runtime = next((one for one in workload.groups if one.name == group), GroupRuntime.model_construct(name=group))
    for container in containers:
        declared = f"{_CONTAINER.removesuffix('[]')}[{container.name}]"
        described = _quoted(description_key(group, str(container.name)))
        yield f"metadata.annotations[{described}]", f"{declared}.description"
        if kind == "Secret":
            yield from _secrets(container, declared)
        if container.primary and kind in ("Deployment", "NIMService"):
            yield from _bundled(kind, container, runtime)
        if container.primary and kind == "NIMService":
            for wire, name in ATTRIBUTES[kind]:
                if ".containers[]" in name and not wire.startswith("spec.sidecarContainers"):
                    yield wire, name.replace(".containers[]", f".containers[{container.name}]")
    for policy in runtime.all_policies:
        yield from _policy(kind, policy, [_means(other) for other in runtime.all_policies])


def _secrets(container: Container, declared: str) -> Iterator[tuple[str, str]]:
    for variable in container.env:
        if isinstance(variable.value, Secret):
            yield f"data[{_quoted(secret_key(container, variable))}]", f"{declared}.env[{_quoted(variable.name)}]"


def _bundled(kind: str, container: Container, runtime: GroupRuntime) -> Iterator[tuple[str, str]]:
    """Yield what the bundle says, for the container has no allocation of its own."""
    if not runtime.bundles:
        return
    allocation = runtime.allocation(str(container.name))
    above = "spec." if kind == "NIMService" else f"spec.template.spec.containers[{container.name}]."
    for wire, declared in _RESOURCES:
        if allocation is None or (declared != _ALLOCATION and getattr(allocation, declared.rpartition(".")[2]) is None):
            yield f"{above}{wire}", f"{_GROUP}.bundles"


def _policy(kind: str, policy: ScalingPolicy, means: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of one policy, where its metric has a place that no other has."""
    declared = f"{_POLICY.removesuffix('[]')}[{_quoted(policy.metric)}]"
    if _is_counted(policy):
        yield "spec.scalingMetric.concurrency.targetValue", f"{declared}.target"
    elif kind in _MEASURED and means.count(_means(policy)) == 1:
        yield _MEASURED[kind][policy.metric != Metric.CPU], f"{declared}.target"


def _means(policy: ScalingPolicy) -> str:
    return "cpu" if policy.metric == Metric.CPU else "requests" if _is_counted(policy) else "exported"


def _is_counted(policy: ScalingPolicy) -> bool:
    return policy.metric in (Metric.CONCURRENCY, Metric.REQUESTS_IN_FLIGHT)


def _names(declared: str, form: _Form) -> Iterator[str]:
    """Yield a path of the table as the program has it, then as it might have it."""
    longer = declared.replace("container_groups[]", f"container_groups[{form.group}]", 1)
    if declared.startswith("artifact."):
        short = declared.replace("container_groups[].", "")
        chosen = (longer, short) if form.groups else (short, longer)
        yield from chosen
        yield from (name.removeprefix("artifact.") for name in chosen if "containers" in name)
    elif declared.startswith(_GROUP):
        short = declared.removeprefix(f"{_GROUP}.")
        by_name = short.replace("containers[", "allocations[").replace("].allocation", "]")
        sole = by_name.rpartition("].")[2] if "]." in by_name and by_name != short else by_name
        spelled = (by_name, sole) if form.allocations else (sole, by_name)
        yield from (longer, *spelled) if form.runtime else (*spelled, longer)
    else:
        yield declared


def _quoted(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)
