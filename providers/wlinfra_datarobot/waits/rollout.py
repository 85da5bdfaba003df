"""Whether a workload runs what was asked for; asked by the planner, the look-up after a crash, and the wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wlinfra.provider import Attribute
from wlinfra.values import Json

from ..compared.schema import RUNTIME
from ..compared.shapes import artifact_of, compared_runtime, is_in_force
from .statuses import WaitState, replacement_progress

__all__ = ["agrees", "has_replacement", "runs"]


def has_replacement(workload: Mapping[str, Any]) -> bool:
    """True while a replacement is under way, whatever its status may be called."""
    replacement = workload.get("replacement") or {}
    status = replacement.get("status") or "unknown"
    return bool(replacement) and replacement_progress(status) is WaitState.WAITING


def runs(workload: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """True when the workload has the ``artifact_id`` and the ``runtime`` of ``wanted``, as far as it names them."""
    artifact, runtime = wanted.get("artifact_id"), wanted.get("runtime")
    if artifact is not None and artifact_of(workload) != artifact:
        return False
    if runtime is None:
        return True
    live = compared_runtime(workload.get("runtime") or {})
    return agrees(RUNTIME, _without_idle_scaling(compared_runtime(runtime), live), live)


def _without_idle_scaling(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the wanted runtime without autoscaling that is not in force, where the live one has none: nothing scales."""
    scaled = {group["name"] for group in live["containerGroups"] if group.get("autoscaling")}
    groups = [
        group
        if group["name"] in scaled or is_in_force(group.get("autoscaling"))
        else {name: value for name, value in group.items() if name != "autoscaling"}
        for group in wanted["containerGroups"]
    ]
    return {**wanted, "containerGroups": groups}


def agrees(schema: Attribute, wanted: Json, live: Json) -> bool:
    """True when the live value has everything that is wanted; what is not wanted may be there too.

    >>> agrees(RUNTIME, {"containerGroups": []}, {"containerGroups": [{"name": "default"}]})
    True
    """
    if schema.computed:
        return True
    if wanted is None or live is None:
        return bool(_plain(schema, wanted) == _plain(schema, live))
    match wanted:
        case Mapping() if isinstance(live, Mapping):
            return all(agrees(schema.member(key), value, live.get(key)) for key, value in wanted.items())
        case list() if schema.keyed_by and isinstance(live, list):
            found = {item.get(schema.keyed_by): item for item in live}
            return all(agrees(schema.element, item, found.get(item.get(schema.keyed_by))) for item in wanted)
        case list() if schema.unordered and isinstance(live, list):
            return sorted(map(str, wanted)) == sorted(map(str, live))
        case _:
            return bool(_plain(schema, wanted) == _plain(schema, live))


def _plain(schema: Attribute, value: Json) -> Json:
    filled = schema.default if value is None else value
    return schema.normalize(filled) if schema.normalize is not None else filled
