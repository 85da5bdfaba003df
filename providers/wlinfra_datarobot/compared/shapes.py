"""Between what the platform shows and takes, and the one shape in which values are compared.

The compared shape is the same for every version of the API: replica bounds stand on the group where all policies
agree (else on the policies), a group has either `replicaCount` or an `autoscaling` in force, one that is not in force
and has no policies is none, and a key of the calling user is always called `api-key`. `read` brings documents into it, the planners bring payloads out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from wlinfra.errors import DeclarationError

from ..attributes.artifact import ARTIFACT_ROWS, SPEC_ROWS
from ..attributes.dialects import BoundsPlace, Dialect
from ..attributes.rows import Shape
from ..attributes.workload import RUNTIME_ROWS

__all__ = [
    "artifact_of",
    "artifact_outputs",
    "artifact_values",
    "compared_runtime",
    "containers_of",
    "groups_by_name",
    "is_in_force",
    "power_of",
    "sent_artifact",
    "sent_runtime",
    "sent_spec",
    "server_set",
    "with_containers",
    "without_rivals",
    "workload_outputs",
    "workload_values",
]

_STOPPED = frozenset({"stopped", "stopping", "terminated"})
_BOUNDS = (("minCount", "minReplicaCount"), ("maxCount", "maxReplicaCount"))


def power_of(status: str | None) -> str:
    """Return the power state a workload's status means: ``running``, ``stopped`` or ``errored``."""
    if status == "errored":
        return "errored"
    return "stopped" if status in _STOPPED else "running"


def artifact_of(workload: Mapping[str, Any]) -> str | None:
    """Return the id of the artifact a workload runs."""
    return workload.get("artifactId") or (workload.get("artifact") or {}).get("id")


def artifact_outputs(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what other resources may use of an artifact."""
    return {
        "id": document["id"],
        "version": document.get("version"),
        "repository_id": document.get("artifactRepositoryId"),
    }


def workload_outputs(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what other resources may use of a workload."""
    return {"id": document["id"], "endpoint": document.get("endpoint"), "artifact_id": artifact_of(document)}


def artifact_values(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an artifact's document in the compared shape."""
    names = ("name", "description", "type", "status", "artifactRepositoryId", "spec")
    return {name: document[name] for name in names if name in document}


def workload_values(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a workload's document in the compared shape, without its shared roles."""
    values = {name: document[name] for name in ("name", "description", "importance", "artifactId") if name in document}
    if (artifact := artifact_of(document)) is not None:
        values["artifactId"] = artifact
    if document.get("runtime") is not None:
        values["runtime"] = compared_runtime(document["runtime"])
    return {**values, "power": power_of(document.get("status"))}


def compared_runtime(runtime: Mapping[str, Any]) -> dict[str, Any]:
    """Return a runtime in the compared shape; keys it does not know stay as they are."""
    groups = runtime.get("containerGroups") or []
    return {**runtime, "containerGroups": [_compared_group(group) for group in groups]}


def groups_by_name(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the container groups of a workload's values."""
    return {group["name"]: group for group in (values.get("runtime") or {}).get("containerGroups") or ()}


def containers_of(spec: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the containers of all groups of an artifact's spec."""
    for group in (spec or {}).get("containerGroups") or ():
        yield from group.get("containers") or ()


def with_containers(
    spec: Mapping[str, Any], change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return an artifact's spec with each container as ``change`` returns it."""
    groups = [
        {**group, "containers": [change(container) for container in group.get("containers") or ()]}
        for group in spec.get("containerGroups") or ()
    ]
    return {**spec, "containerGroups": groups}


def without_rivals(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the live runtime without what the wanted one rules out, so that echoing it contradicts nothing.

    Replicas rule out autoscaling and the other way round; other bundles rule out the allocation that came with the old.
    """
    by_name = {group.get("name", "default"): group for group in wanted.get("containerGroups") or ()}
    groups = [_without_rivals(group, by_name.get(group["name"], {})) for group in live.get("containerGroups") or ()]
    return {**live, "containerGroups": groups}


def _without_rivals(group: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    ruled_out = {"resolvedBundle"}
    if "replicaCount" in wanted:
        ruled_out.add("autoscaling")
    if is_in_force(wanted.get("autoscaling")):
        ruled_out.add("replicaCount")
    bundles = wanted.get("resourceBundles")
    if bundles and bundles != group.get("resourceBundles") and "containers" not in wanted:
        ruled_out.add("containers")
    return {name: value for name, value in group.items() if name not in ruled_out}


def sent_runtime(runtime: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Return a runtime as this version of the API takes it; raises DeclarationError where it cannot be said."""
    groups = runtime.get("containerGroups") or []
    return _sent(
        RUNTIME_ROWS, {**runtime, "containerGroups": [_sent_group(group, dialect) for group in groups]}, dialect
    )


def sent_artifact(artifact: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Return an artifact as this version of the API takes it, without what only the server sets."""
    return _sent(ARTIFACT_ROWS, artifact, dialect)


def sent_spec(spec: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Return an artifact's spec as this version of the API takes it, without what only the server sets."""
    return _sent(SPEC_ROWS, spec, dialect)


def _sent(rows: Shape, document: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    sent, gaps = rows.sent(document, dialect)
    for gap in gaps:
        if not gap.ignored:
            detail = f"The version of the API ({dialect.name}) does not have {gap.what}."
            raise DeclarationError.of("Not in this API version", detail, gap.fix)
    return sent


def server_set(runtime: Mapping[str, Any]) -> dict[str, Any]:
    """Return a runtime without what only the server sets, for the revision."""
    return RUNTIME_ROWS.sent(runtime, None)[0]


def _compared_group(group: Mapping[str, Any]) -> dict[str, Any]:
    compared = {**group, "name": group.get("name") or "default"}
    autoscaling = compared.pop("autoscaling", None)
    if is_in_force(autoscaling) or compared.get("replicaCount") is None:
        compared.pop("replicaCount", None)
    if _says_something(autoscaling):
        compared["autoscaling"] = _compared_autoscaling(autoscaling)
    return compared


def is_in_force(autoscaling: Mapping[str, Any] | None) -> bool:
    """Return whether the number of replicas follows the load; without a word about it, autoscaling is in force."""
    return bool(autoscaling) and autoscaling is not None and autoscaling.get("enabled", True) is not False


def _says_something(autoscaling: Mapping[str, Any] | None) -> bool:
    return is_in_force(autoscaling) or bool(autoscaling and autoscaling.get("policies"))


def _compared_autoscaling(autoscaling: Mapping[str, Any]) -> dict[str, Any]:
    policies = [dict(policy) for policy in autoscaling.get("policies") or ()]
    compared = {**autoscaling, "policies": policies}
    for on_policy, on_group in _BOUNDS:
        bounds = [policy[on_policy] for policy in policies if policy.get(on_policy) is not None]
        is_shared = len(bounds) == len(policies) and all(bound == bounds[0] for bound in bounds)
        if bounds and is_shared:
            compared.setdefault(on_group, bounds[0])
            for policy in policies:
                del policy[on_policy]
    return compared


def _sent_group(group: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    sent = dict(group)
    autoscaling = sent.get("autoscaling")
    if is_in_force(autoscaling):
        sent.pop("replicaCount", None)
    if autoscaling is not None and _says_something(autoscaling):
        sent["autoscaling"] = _sent_autoscaling(autoscaling, dialect)
    else:
        sent.pop("autoscaling", None)
    return sent


def _sent_autoscaling(autoscaling: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    sent = _compared_autoscaling(autoscaling)
    policies: Sequence[dict[str, Any]] = sent["policies"]
    match dialect.bounds:
        case BoundsPlace.GROUP:
            if any(on_policy in policy for policy in policies for on_policy, _ in _BOUNDS):
                raise DeclarationError.of(
                    "Replica bounds differ",
                    f"This version of the API ({dialect.name}) has one smallest and one largest number of replicas "
                    "for the group, but the policies of the group give different ones.",
                    "Give every policy of the group the same `min` and `max`.",
                )
        case BoundsPlace.POLICY:
            for on_policy, on_group in _BOUNDS:
                bound = sent.pop(on_group, None)
                for policy in policies:
                    if bound is not None:
                        policy.setdefault(on_policy, bound)
    return sent
