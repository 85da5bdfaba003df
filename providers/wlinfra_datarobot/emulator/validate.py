"""Reads request bodies into shapes and checks the rules that hold inside one artifact or one runtime.

Handlers call `body` first; what it refuses is answered as a 422 with the validation list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from wlinfra.emulation import Document

from .bundles import BUNDLES
from .errors import ApiError, invalid, unprocessable
from .shapes import Container, Shape
from .workload_shapes import Autoscaling, GroupRuntime, Runtime
from .world import Call, Dialect

ShapeT = TypeVar("ShapeT", bound=Shape)

KNOWN_METRICS = ("cpuAverageUtilization", "httpRequestsConcurrency")
NIM_METRICS = ("gpuCacheUtilization", "gpuRequestQueueDepth")


def body(call: Call, shape: type[ShapeT], value: Any = None) -> ShapeT:
    """Return the request's body (or `value`) as a shape; raises the API's 422."""
    given = read_json(call) if value is None else value
    try:
        return shape.model_validate(given, context=call.dialect)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        detail = [
            {
                "loc": ["body", *_spelled(problem["loc"], problem["type"])],
                "msg": problem["msg"],
                "type": problem["type"],
                "input": problem["input"],
            }
            for problem in problems
        ]
        raise ApiError(422, detail) from None


def _spelled(location: tuple[int | str, ...], kind: str) -> list[int | str]:
    """Return where a problem is, in the API's spelling also for what is missing."""
    return [
        to_camel(part) if kind == "missing" and isinstance(part, str) and "_" in part else part for part in location
    ]


def read_json(call: Call) -> Any:
    """Return the decoded body; raises the API's 422 for what is not JSON."""
    try:
        return call.request.json()
    except ValueError:
        raise invalid(("body",), "JSON decode error", "json_invalid") from None


def artifact_body(call: Call) -> Any:
    """Return the body of an artifact with `spec.type` taken from the outer type, as the server does."""
    return with_spec_type(read_json(call), None)


def with_spec_type(value: Any, kind: str | None) -> Any:
    """Return an artifact's JSON with `spec.type` filled in; a body of any other form is left to validation."""
    if not isinstance(value, dict) or not isinstance(value.get("spec"), dict):
        return value
    wanted = kind or value.get("type") or "service"
    return {**value, "spec": {**value["spec"], "type": wanted}}


def check_groups(groups: list[Any], dialect: Dialect) -> list[dict[str, Any]]:
    """Return the groups of an artifact as stored: names and the primary container filled in, builds cleared."""
    if not groups:
        raise invalid(("body", "spec", "containerGroups"), "At least one container group is needed", "too_short", [])
    stored = []
    for index, group in enumerate(groups):
        where = ("body", "spec", "containerGroups", index)
        if not group.containers:
            raise invalid((*where, "containers"), "At least one container is needed", "too_short", [])
        stored.append({"name": group.name, "containers": _containers(group.containers, where, dialect)})
    if len({group["name"] for group in stored}) < len(stored):
        raise invalid(("body", "spec", "containerGroups"), "Container group names must differ", "value_error")
    return stored


def _containers(containers: list[Container], where: tuple[str | int, ...], dialect: Dialect) -> list[dict[str, Any]]:
    primary = [index for index, container in enumerate(containers) if container.primary]
    if len(containers) == 1:
        primary = [0]
    if len(primary) != 1:
        raise invalid((*where, "containers"), "Exactly one container must be primary", "value_error")
    stored = []
    for index, container in enumerate(containers):
        here = (*where, "containers", index)
        _check_container(container, here, primary=index == primary[0])
        value = container.model_dump(by_alias=True)
        value.update(build=None, primary=index == primary[0])
        value["name"] = container.name or ("main" if index == primary[0] else f"container-{index}")
        if dialect is Dialect.JUNE:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                (value[probe] or {}).pop("successThreshold", None)
        stored.append(value)
    if len({container["name"] for container in stored}) < len(stored):
        raise invalid((*where, "containers"), "Container names must differ", "value_error")
    return stored


def _check_container(container: Container, here: tuple[str | int, ...], *, primary: bool) -> None:
    if container.image_uri is None and container.image_build_config is None:
        raise invalid((*here, "imageUri"), "Either imageUri or imageBuildConfig is needed", "value_error")
    if primary and container.port is None:
        raise invalid((*here, "port"), "The primary container needs a port", "value_error")
    if not primary and container.port is not None:
        raise invalid((*here, "port"), "Only the primary container may have a port", "value_error", container.port)
    if not primary and container.image_build_config is not None:
        raise invalid((*here, "imageBuildConfig"), "Only the primary container can be built", "value_error")
    security = container.security_context
    if security is None:
        return
    profile = security.seccomp_profile
    loosened = (
        security.allow_privilege_escalation is True
        or bool(security.capabilities and security.capabilities.add)
        or bool(profile and profile.type == "Unconfined")
    )
    if loosened:
        raise ApiError(403, "Loosening the security context needs the MLOps admin role.")


def runtime_document(call: Call, runtime: Runtime | None, artifact: Document) -> Document:
    """Return run-time settings as stored, checked against the artifact they are for."""
    declared = {group["name"]: group for group in artifact["spec"]["containerGroups"]}
    given = runtime.container_groups if runtime is not None and runtime.container_groups else None
    groups = given or [GroupRuntime.model_validate({"name": name}) for name in declared]
    stored = []
    for index, group in enumerate(groups):
        where = ("body", "runtime", "containerGroups", index)
        if group.name not in declared:
            raise unprocessable(f"Container group {group.name!r} is not declared by the artifact.")
        _check_overrides(group, declared[group.name], where)
        stored.append(_group_document(call, group, artifact["type"], where))
    return {"containerGroups": stored}


def _check_overrides(group: GroupRuntime, declared: Mapping[str, Any], where: tuple[str | int, ...]) -> None:
    names = [container["name"] for container in declared["containers"]]
    given = {override.name: override for override in group.containers or ()}
    for name in given:
        if name not in names:
            raise unprocessable(f"Container {name!r} is not declared by the artifact; it has {', '.join(names)}.")
    if len(names) > 1:
        for name in names:
            if name not in given or given[name].resource_allocation is None:
                message = f"resourceAllocation is needed for each of several containers; {name!r} has none"
                raise invalid((*where, "containers"), message, "value_error")


def _group_document(call: Call, group: GroupRuntime, kind: str, where: tuple[str | int, ...]) -> dict[str, Any]:
    scaling = _scaling_document(call, group, kind, where)
    replicas = group.replica_count
    if scaling is None and replicas is None:
        if call.settings.quirks.default_scaling == "to-zero":
            policy = {"scalingMetric": "httpRequestsConcurrency", "target": 1.0, "priority": None}
            scaling = {"enabled": True, "min": 0, "max": 1, "policies": [{**policy, "minCount": 0, "maxCount": 1}]}
        else:
            replicas = 1
    elif scaling is not None and not scaling["enabled"] and replicas is None:
        replicas = 1
    _check_quota(call, replicas, scaling)
    stored: dict[str, Any] = {
        "name": group.name,
        "bundleSelectionPolicy": group.bundle_selection_policy,
        "replicaCount": replicas,
        "autoscaling": scaling,
    }
    if group.resource_bundles is not None:
        for name in group.resource_bundles:
            if name not in BUNDLES:
                raise unprocessable(f"Resource bundle {name!r} does not exist.")
        stored["resourceBundles"] = group.resource_bundles
    if group.containers is not None:
        stored["containers"] = [override.model_dump(by_alias=True) for override in group.containers]
    return stored


def _scaling_document(
    call: Call, group: GroupRuntime, kind: str, where: tuple[str | int, ...]
) -> dict[str, Any] | None:
    given = group.autoscaling
    if given is None:
        return None
    here = (*where, "autoscaling")
    least, most = _bounds(given)
    if least > most:
        raise invalid(here, "The minimum must not exceed the maximum", "value_error")
    policies = []
    for index, policy in enumerate(given.policies):
        _check_metric(call, policy.scaling_metric, kind, (*here, "policies", index, "scalingMetric"))
        low = policy.min_count if policy.min_count is not None else least
        high = policy.max_count if policy.max_count is not None else most
        if low > high:
            raise invalid((*here, "policies", index), "minCount must not exceed maxCount", "value_error")
        if policy.scaling_metric == "cpuAverageUtilization" and low == 0:
            raise invalid((*here, "policies", index), "A cpu metric cannot scale to zero", "value_error")
        policies.append({**policy.model_dump(by_alias=True), "minCount": low, "maxCount": high})
    return {
        "enabled": given.enabled,
        "min": least,
        "max": most,
        "policies": policies,
        "cooldown": given.cooldown_period_minutes,
    }


def _bounds(given: Autoscaling) -> tuple[int, int]:
    """Return the bounds of a group: its own, else the widest of its policies, else one replica."""
    lows = [policy.min_count for policy in given.policies if policy.min_count is not None]
    highs = [policy.max_count for policy in given.policies if policy.max_count is not None]
    least = given.min_replica_count if given.min_replica_count is not None else min(lows, default=1)
    most = given.max_replica_count if given.max_replica_count is not None else max(highs, default=max(least, 1))
    return least, most


def _check_metric(call: Call, metric: str, kind: str, where: tuple[str | int, ...]) -> None:
    if metric in KNOWN_METRICS or kind == "nim":
        return
    names = ", ".join(KNOWN_METRICS)
    message = f"An artifact of type {kind} scales by {names}; {', '.join(NIM_METRICS)} and named metrics need a nim"
    raise invalid(where, message, "value_error", metric)


def _check_quota(call: Call, replicas: int | None, scaling: Mapping[str, Any] | None) -> None:
    most = call.settings.quirks.max_workload_replicas
    wanted = int(scaling["max"]) if scaling is not None and scaling["enabled"] else (replicas or 1)
    if most is not None and wanted > most:
        raise ApiError(403, f"Requested replicas ({wanted}) exceeds the maximum allowed ({most}).")


def show_runtime(call: Call, runtime: Document, *, scheduled: bool) -> dict[str, Any]:
    """Return run-time settings as answered; the chosen bundle appears once the proton is scheduled."""
    return {"containerGroups": [_show_group(call, group, scheduled=scheduled) for group in runtime["containerGroups"]]}


def _show_group(call: Call, group: Mapping[str, Any], *, scheduled: bool) -> dict[str, Any]:
    shown = {**group, "autoscaling": _show_scaling(call, group["autoscaling"])}
    chosen = choose_bundle(call, group.get("resourceBundles") or ()) if scheduled else None
    shown["resolvedBundle"] = None if chosen is None else BUNDLES[chosen].resolved()
    return shown


def choose_bundle(call: Call, wanted: Any) -> str | None:
    """Return the first of the preferred bundles that has room, or None."""
    return next((name for name in wanted if name not in call.settings.quirks.exhausted_bundles), None)


def _show_scaling(call: Call, scaling: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if scaling is None:
        return None
    if call.dialect is Dialect.JUNE:
        return {"enabled": scaling["enabled"], "policies": list(scaling["policies"])}
    return {
        "enabled": scaling["enabled"],
        "minReplicaCount": scaling["min"],
        "maxReplicaCount": scaling["max"],
        "policies": [
            {"scalingMetric": policy["scalingMetric"], "target": policy["target"]}
            | ({} if policy["priority"] is None else {"priority": policy["priority"]})
            for policy in scaling["policies"]
        ],
        "cooldownPeriodMinutes": scaling.get("cooldown"),
    }
