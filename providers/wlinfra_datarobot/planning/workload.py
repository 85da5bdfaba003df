"""Plans one workload: created, replaced, deleted, or moved to what is wanted.

`provider` calls `plan_workload`; it asks the platform only for what a roll must know (a replacement under way, sizes).
"""

from __future__ import annotations

from dataclasses import replace

from wlinfra.provider import (
    Action,
    ActionReason,
    Decision,
    Goal,
    PlanRequest,
    Step,
    default_decision,
)
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.values import UNKNOWN, Ref

from .. import fetch
from ..compared.facts import METADATA, known, with_facts
from ..operations.workloads import UPDATE_WORKLOAD
from ..platform import WORKLOAD_KIND, Platform
from ..waits.drafts import artifact_change, draft_digest
from .bundles import verify_bundles
from .held_drafts import following, runs_itself
from .idle_scaling import with_idle_scaling
from .impact import impact_of
from .moving import Moving
from .permissions import CAN_DELETE, verify_permissions
from .refusal import refusal
from .resets import forgetting_resets, with_resets
from .wanted_artifact import verify_artifact
from .workload_steps import (
    RUNNING,
    STOPPED,
    TIMEOUT,
    create_step,
    delete_step,
    failing,
    power_step,
    ready,
    role_steps,
)

__all__ = ["plan_workload"]


def plan_workload(platform: Platform, request: PlanRequest) -> Decision:
    """Return what must happen to one workload; raises for a move the platform or the token does not allow."""
    if request.live is not None:
        request = replace(request, reading=with_facts(request.live))
    request = with_idle_scaling(request)
    asked, request = request, with_resets(request)
    changes_type = _changes_type(request)
    if changes_type:
        request = replace(request, replace=True)
    draft = default_decision(request, steps=lambda _: (), goal=lambda _: None)
    draft = forgetting_resets(draft, asked, request)
    if changes_type and draft.action is Action.REPLACE:
        draft = replace(draft, reason=ActionReason.DEPENDENCY_REPLACED)
    match draft.action:
        case Action.READ | Action.FORGET:
            return draft
        case Action.DELETE:
            return _deleted(platform, request, draft)
        case Action.CREATE:
            return _created(platform, request, draft)
        case Action.REPLACE:
            return _replaced(platform, request, draft)
        case Action.NO_OP | Action.UPDATE | Action.ROLL | Action.IMPORT:
            return _with_metadata(_moved(platform, request, draft))


def _moved(platform: Platform, request: PlanRequest, draft: Decision) -> Decision:
    """Return the change of a workload that stays; whether it runs may be unknown, and is then taken to become otherwise."""
    if draft.values.get("power") is not UNKNOWN:
        return Moving(platform, request, draft).planned()
    is_running = request.live is not None and request.live.values.get("power") == RUNNING
    assumed = replace(draft, values={**draft.values, "power": STOPPED if is_running else RUNNING})
    planned = Moving(platform, request, assumed).planned()
    return replace(planned, values={**planned.values, "power": UNKNOWN})


def _with_metadata(decision: Decision) -> Decision:
    """Return the decision with what its calls change of the facts."""
    sent = [step.payload for step in decision.steps if UPDATE_WORKLOAD.made(step)]
    changed = {name: payload[name] for payload in sent for name in METADATA if name in payload}
    return replace(decision, facts={**decision.facts, **changed}) if changed else decision


def _changes_type(request: PlanRequest) -> bool:
    """True when the wanted artifact is of another type: the platform replaces artifacts by their like only."""
    artifact, live = artifact_change(request), request.live
    now = known(live).get("type") if live is not None else None
    return artifact is not None and now is not None and artifact.values.get("type", now) != now


def _deleted(platform: Platform, request: PlanRequest, draft: Decision) -> Decision:
    live = request.live
    goal = Goal(goal="gone", describe="gone", timeout=TIMEOUT)
    change = replace(draft, steps=(delete_step(draft.id or ""),), goal=goal, reversible=False)
    change = replace(change, irreversible_because="its id and endpoint are gone for good")
    if live is None or request.prior is None:
        return change
    predicted = verify_permissions(known(live), [CAN_DELETE], request.prior)
    runs = live.values.get("power") == RUNNING
    impact = impact_of(platform, now=live.values.get("runtime") if runs else None, after=None, rolls=False)
    return replace(change, predicted=predicted, impact=impact)


def _created(platform: Platform, request: PlanRequest, draft: Decision) -> Decision:
    draft = following(draft, verify_artifact(platform, request, draft))
    verify_bundles(platform, request, draft)
    steps = tuple(_making(platform, request, draft))
    runs = draft.values.get("power") != STOPPED
    after = draft.values.get("runtime", {}) if runs else None
    impact = impact_of(platform, now=None, after=after, rolls=False)
    goal = ready(request, draft, "create")
    return replace(draft, steps=steps, goal=goal, running=failing(draft), impact=impact)


def _making(platform: Platform, request: PlanRequest, draft: Decision) -> list[Step]:
    values, own = draft.values, Ref(request.subject.address, "id")
    known = list(request.reading.siblings)
    if request.live is not None:
        known = sorted(row["id"] for row in fetch.with_name(platform, WORKLOAD_KIND, values["name"]))
    digest = draft_digest(artifact_change(request), request.digest)
    lookup = {"name": values["name"], "known": known, **({"draft": digest} if digest else {})}
    steps = [create_step(values, platform.dialect, lookup)]
    steps += role_steps(own, (), values.get("sharedRoles") or {})
    if values.get("power") == STOPPED:
        steps.append(power_step(own, STOPPED))
    return steps


def _replaced(platform: Platform, request: PlanRequest, draft: Decision) -> Decision:
    draft = following(_in_order(platform, request, draft), verify_artifact(platform, request, draft))
    verify_bundles(platform, request, draft)
    making = _making(platform, request, draft)
    ending = delete_step(draft.id or "")
    is_delete_first = draft.replace_order is ReplaceOrder.DELETE_THEN_CREATE
    steps = (ending, *making) if is_delete_first else (*making, ending)
    impact = impact_of(
        platform,
        now=request.live.values.get("runtime") if request.live is not None else None,
        after=draft.values.get("runtime", {}),
        rolls=not is_delete_first,
    )
    goal = ready(request, draft, "create")
    return replace(draft, steps=steps, goal=goal, running=failing(draft), impact=impact, reversible=False)


def _in_order(platform: Platform, request: PlanRequest, draft: Decision) -> Decision:
    """Return the replacement in an order that the platform allows: what runs a draft goes before another gets it."""
    wanted = draft.values.get("artifactId")
    if not isinstance(wanted, str) or not runs_itself(platform, request, wanted):
        return draft
    if request.desired is not None and request.desired.lifecycle.replace_order is ReplaceOrder.CREATE_THEN_DELETE:
        raise refusal(
            request,
            "Draft serves one workload only",
            f"It is replaced and runs the draft {wanted}, so that DataRobot refuses a second workload on it as long as "
            "the old one exists; replace_order='create-then-delete' asks for just that.",
            "Leave replace_order out: the old workload is then deleted first.",
            path="replace_order",
        )
    because = "a draft serves one workload only"
    return replace(draft, replace_order=ReplaceOrder.DELETE_THEN_CREATE, order_because=because)
