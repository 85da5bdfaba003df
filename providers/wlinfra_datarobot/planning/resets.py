"""A runtime that is no longer declared: what was given to a group is reset, the group itself stays.

`plan_workload` passes its request through `with_resets` before it compares, and what it planned through
`forgetting_resets`, so that no later edit is taken for drift of what is no longer declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from wlinfra.provider import Action, ActionReason, AttributeChange, Decision, Effect, PlanRequest
from wlinfra.values import Json

from ..compared.shapes import groups_by_name, is_in_force

__all__ = ["forgetting_resets", "with_resets"]

_PLATFORM_REPLICAS = 1
"""What a group has that asks for nothing (contracts: the default of ``replicaCount``)."""


def with_resets(request: PlanRequest) -> PlanRequest:
    """Return the request with the groups that were declared, and without replicas to reset that are reset already."""
    desired, prior, live = request.desired, request.prior, request.live
    if desired is None or desired.lookup or prior is None or live is None:
        return request
    applied, now = groups_by_name(prior.values), groups_by_name(live.values)
    if not applied:
        return request
    values = dict(desired.values)
    if "runtime" not in values:
        values["runtime"] = {"containerGroups": [{"name": name} for name in applied if name in now]}
    wanted = groups_by_name(values)
    kept = [_unless_reset(group, wanted.get(name, {}), now.get(name, {})) for name, group in applied.items()]
    recorded = {**prior.values, "runtime": {**prior.values["runtime"], "containerGroups": kept}}
    return replace(request, desired=replace(desired, values=values), prior=replace(prior, values=recorded))


def forgetting_resets(change: Decision, before: PlanRequest, after: PlanRequest) -> Decision:
    """Return the change, made one of the record alone where nothing differs but replicas that are reset already."""
    if before.prior is None or after.prior is None or change.reason is not ActionReason.UNCHANGED:
        return change
    applied, kept = groups_by_name(before.prior.values), groups_by_name(after.prior.values)
    forgotten = tuple(
        AttributeChange(
            path=("runtime", "containerGroups", name, "replicaCount"),
            recorded=group["replicaCount"],
            live=_PLATFORM_REPLICAS,
            planned=None,
            effect=Effect.STORED,
        )
        for name, group in applied.items()
        if "replicaCount" in group and "replicaCount" not in kept[name]
    )
    if not forgotten:
        return change
    reason = ActionReason.ATTRIBUTE_CHANGED
    return replace(change, action=Action.UPDATE, reason=reason, attributes=forgotten)


def _unless_reset(group: Mapping[str, Json], wanted: Mapping[str, Json], now: Mapping[str, Json]) -> dict[str, Json]:
    gives_way = is_in_force(wanted.get("autoscaling"))  # then the number goes, whichever it is
    is_reset = "replicaCount" not in wanted and not gives_way and now.get("replicaCount") == _PLATFORM_REPLICAS
    return {name: value for name, value in group.items() if name != "replicaCount" or not is_reset}
