"""Autoscaling that is not in force: as good as none where the other side has none, since nothing scales either way.

`plan_workload` passes its request through `with_idle_scaling` before it compares. One that is declared and in force
on the platform, or the other way round, is a difference like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from wlinfra.provider import PlanRequest
from wlinfra.values import Json

from ..compared.shapes import groups_by_name, is_in_force

__all__ = ["with_idle_scaling"]

_NAME = "autoscaling"


def with_idle_scaling(request: PlanRequest) -> PlanRequest:
    """Return the request with one side's idle autoscaling on the other where that has none, or on none of them."""
    desired, prior, live = request.desired, request.prior, request.live
    if desired is None or desired.lookup or live is None:
        return request
    wanted, applied = groups_by_name(desired.values), groups_by_name(prior.values if prior is not None else {})
    found = {
        name: _settled(group, wanted.get(name, {}), applied.get(name))
        for name, group in groups_by_name(live.values).items()
    }
    reading = replace(live, values=_with_groups(live.values, found))
    if prior is None or not applied:
        return replace(request, reading=reading)
    recorded = {
        name: {**group, _NAME: wanted[name][_NAME]}
        if _lacks(group, wanted.get(name, {}), live=found.get(name))
        else group
        for name, group in applied.items()
    }
    return replace(request, reading=reading, prior=replace(prior, values=_with_groups(prior.values, recorded)))


def _settled(
    live: Mapping[str, Json], wanted: Mapping[str, Json], applied: Mapping[str, Json] | None
) -> Mapping[str, Json]:
    """Return the live group; what was ours, is wanted no more and is not in force counts as gone."""
    if is_in_force(live.get(_NAME)):
        return live
    if _NAME in wanted:
        idle = _NAME not in live and not is_in_force(wanted[_NAME])
        return {**live, _NAME: wanted[_NAME]} if idle else live
    gone = applied is not None and _NAME in applied
    return {name: value for name, value in live.items() if name != _NAME} if gone else live


def _lacks(applied: Mapping[str, Json], wanted: Mapping[str, Json], *, live: Mapping[str, Json] | None) -> bool:
    """True when what is wanted, idle and as good as live was never recorded."""
    idle = _NAME in wanted and not is_in_force(wanted[_NAME])
    return idle and _NAME not in applied and live is not None and live.get(_NAME) == wanted[_NAME]


def _with_groups(values: Mapping[str, Json], groups: Mapping[str, Json]) -> dict[str, Json]:
    if not groups:
        return dict(values)
    return {**values, "runtime": {**values["runtime"], "containerGroups": list(groups.values())}}
