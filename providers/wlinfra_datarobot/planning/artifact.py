"""Plans one artifact: a draft is edited, a locked one gets a further version, locking is one way.

`provider` calls `plan_artifact`. An artifact that shall be locked is always made as a draft and locked by a step of
its own (docs/decisions/datarobot-locking.md), so that a build fits between and no answer has to be guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wlinfra.errors import ProviderError
from wlinfra.provider import (
    Action,
    ActionReason,
    AttributeChange,
    BlastRadius,
    Decision,
    Effect,
    Gate,
    Goal,
    Live,
    PlanRequest,
    PlatformObject,
    Step,
    default_decision,
)
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.values import UNKNOWN, Json, Ref

from .. import fetch
from ..client import WorkloadFilter
from ..compared.echo import echoed
from ..compared.facts import known, with_facts
from ..compared.schema import SPEC
from ..compared.shapes import sent_artifact, sent_spec
from ..operations.artifacts import BUILD_ARTIFACT, CREATE_ARTIFACT, LOCK_ARTIFACT, UPDATE_ARTIFACT
from ..operations.workloads import PROMOTE_WORKLOAD
from ..platform import ARTIFACT_KIND, Platform
from ..waits.rollout import has_replacement
from .builds import needs_build, open_builds, verify_sources, without_stale_images
from .earlier_version import equal_version, used_again
from .end_artifact import artifact_end
from .held_drafts import follows, in_plan
from .permissions import CAN_UPDATE, verify_permissions
from .refusal import refusal
from .replacement import over_gate

__all__ = ["plan_artifact"]

_TIMEOUT = 1800.0
_STATUSES = ("draft", "locked")


def plan_artifact(platform: Platform, request: PlanRequest) -> Decision:
    """Return what must happen to one artifact; raises DeclarationError for a move the platform does not allow."""
    if request.live is not None:
        request = replace(request, reading=with_facts(request.live))
    draft = default_decision(request, steps=lambda _: (), goal=lambda _: None)
    match draft.action:
        case Action.READ | Action.FORGET:
            return draft
        case Action.NO_OP:
            return _resumed(platform, request, draft)
        case Action.DELETE:
            return artifact_end(platform, request, draft)
        case Action.CREATE:
            return _created(platform, request, draft)
        case Action.REPLACE:
            return _replaced(platform, request, draft)
        case Action.UPDATE | Action.ROLL | Action.IMPORT:
            return _changed(platform, request, draft)


def _resumed(platform: Platform, request: PlanRequest, draft: Decision) -> Decision:
    """Return an unchanged artifact: one that was never built is built, one not seen ready is awaited."""
    live, desired = request.live, request.desired
    if live is None or desired is None:
        return draft
    is_unbuilt = live.values.get("status") == "draft" and needs_build(draft.values["spec"], live.values.get("spec"))
    if is_unbuilt and not open_builds(platform, live.id):
        return _changed_draft(platform, request, replace(draft, action=Action.UPDATE), live, desired)
    return replace(draft, goal=_goal(request, draft, "update")) if draft.reason is ActionReason.UNREADY else draft


def _created(platform: Platform, request: PlanRequest, draft: Decision) -> Decision:
    steps = tuple(_making(platform, request, draft, repository=None))
    return replace(draft, steps=steps, goal=_goal(request, draft, "create"))


def _replaced(platform: Platform, request: PlanRequest, draft: Decision) -> Decision:
    """Make it again in another repository; the old one goes once nothing runs it any more."""
    ending = artifact_end(platform, request, draft)
    if not ending.steps:
        raise refusal(
            request,
            "Artifact cannot be replaced",
            f"{request.subject.address} would be replaced, but the old one cannot be deleted: {' '.join(ending.notes)}.",
            "Declare the new artifact under another name, and this one with retain=True.",
        )
    making = tuple(_making(platform, request, draft, repository=None))
    is_delete_first = draft.replace_order is ReplaceOrder.DELETE_THEN_CREATE
    steps = (*ending.steps, *making) if is_delete_first else (*making, *ending.steps)
    return replace(
        draft,
        steps=steps,
        goal=_goal(request, draft, "create"),
        predicted=ending.predicted,
        after=ending.after,
        blast_radius=BlastRadius.NONE,
        reversible=False,
        irreversible_because="the old versions are gone for good",
    )


def _making(platform: Platform, request: PlanRequest, draft: Decision, *, repository: str | None) -> Iterator[Step]:
    """Yield the calls that make an artifact, or a further version in a repository."""
    values = draft.values
    live = request.live
    wanted = (
        values["spec"]
        if live is None or live.values.get("type") != values.get("type")  # another type has other attributes
        else echoed(SPEC, values["spec"], live.values.get("spec"), _applied(request, "spec"))
    )
    lookup = {
        "name": values["name"],
        "known": _known_ids(platform, request, values["name"]),
        "repository": repository or values.get("artifactRepositoryId"),
        "versions": list((request.prior.memory if request.prior else {}).get("versions") or ()),
        "repositories": list((request.prior.memory if request.prior else {}).get("repositories") or ()),
    }
    payload = {
        **sent_artifact({**values, "spec": wanted}, platform.dialect),
        "status": "draft",
    }
    if repository is not None:
        payload["artifactRepositoryId"] = repository
    yield CREATE_ARTIFACT.step(
        "make a further version" if repository else "make the artifact",
        payload=payload,
        supersedes=repository is not None,
        lookup=lookup,
    )
    own = Ref(request.subject.address, "id")
    builds = needs_build(values["spec"], live.values.get("spec") if live is not None else None)
    if builds:
        verify_sources(platform, request, values["spec"], live.values.get("spec") if live is not None else None)
        yield _build(own, ())
    if values.get("status") == "locked":
        yield _lock(own, _built_gate(()) if builds else None)


def _whole_spec(request: PlanRequest, draft: Decision, live: Live) -> dict[str, Json]:
    """Return the spec to send: ours completed by what is live, without images that are about to be built again."""
    wanted, now = draft.values["spec"], live.values.get("spec")
    whole: dict[str, Json] = echoed(SPEC, wanted, without_stale_images(wanted, now), _applied(request, "spec"))
    return whole


def _build(target: str | Ref, known: Sequence[str]) -> Step:
    return BUILD_ARTIFACT.step("build the images", target, payload={}, lookup={"known": list(known)})


def _lock(target: str | Ref, gate: Gate | None) -> Step:
    return LOCK_ARTIFACT.step("lock it", target, payload={"status": "locked"}, gate=gate)


def _built_gate(known_builds: Sequence[str]) -> Gate:
    return Gate(goal="built", describe="the image build to end", details={"known": list(known_builds)})


def _known_ids(platform: Platform, request: PlanRequest, name: Json) -> list[str]:
    """Return the ids that have the name now: only another one can be the result of an interrupted create."""
    if not isinstance(name, str):
        return []
    if request.live is None and request.desired is not None and name == request.desired.name:
        return list(request.reading.siblings)
    return sorted(row["id"] for row in fetch.with_name(platform, ARTIFACT_KIND, name))


def _applied(request: PlanRequest, name: str) -> Json:
    return request.prior.values.get(name) if request.prior is not None else None


def _changed(platform: Platform, request: PlanRequest, draft: Decision) -> Decision:
    live, desired = request.live, request.desired
    if live is None or desired is None:
        return draft
    status = live.values.get("status")
    if status not in _STATUSES and _touched(draft.attributes, "status"):
        raise refusal(
            request,
            "Artifact status is unknown",
            f"DataRobot reports that {desired.address} ({live.id}) is {status!r}, which is neither draft nor locked.",
            "Check the artifact there; a newer version of wlinfra may know the status.",
            kind=ProviderError,
        )
    is_locked = status != "draft"
    if is_locked and draft.values.get("status") is UNKNOWN:  # the only one that is not refused
        draft = _without(replace(draft, values={**draft.values, "status": status}), "status")
    if is_locked and draft.values.get("status") == "draft":
        raise refusal(
            request,
            "Locked artifact cannot become draft",
            f"{desired.address} is locked as version {live.outputs.get('version')}; locking is one way.",
            'Declare status="locked", or a new artifact under another name for the draft.',
        )
    needed = [CAN_UPDATE] if draft.attributes else []
    draft = replace(draft, predicted=verify_permissions(known(live), needed, desired))
    if is_locked:
        return _changed_locked(platform, request, draft, live)
    return _changed_draft(platform, request, draft, live, desired)


def _changed_locked(platform: Platform, request: PlanRequest, draft: Decision, live: Live) -> Decision:
    """A locked spec cannot change, so another version is made; a description is metadata, a name waits for a version."""
    if _touched(draft.attributes, "spec"):
        spec = echoed(SPEC, draft.values["spec"], live.values.get("spec"), _applied(request, "spec"))
        if (document := equal_version(platform, request, live, spec, draft.values["name"])) is not None:
            draft = used_again(draft, document)
            is_described = (document.get("description") or "") == (draft.values.get("description") or "")
            payload = {} if is_described else {"description": draft.values.get("description", "")}
            described = (_patch(document["id"], payload, "change the description"),) if payload else ()
            return replace(draft, steps=described, goal=_goal(request, draft, "update") if described else None)
        repository = live.values.get("artifactRepositoryId")
        steps = tuple(_making(platform, request, draft, repository=repository))
        return replace(
            draft,
            label="new version",
            steps=steps,
            goal=_goal(request, draft, "update"),
            outputs={**draft.outputs, "id": UNKNOWN, "version": UNKNOWN},
            reversible=True,
        )
    if _touched(draft.attributes, "name"):
        draft = _name_later(request, draft)
    payload = _metadata(draft, ("description",))
    steps = (_patch(live.id, payload, "change the description"),) if payload else ()
    goal = _goal(request, draft, "update") if draft.reason is ActionReason.UNREADY else None
    return replace(draft, steps=steps, goal=goal)


def _name_later(request: PlanRequest, draft: Decision) -> Decision:
    """Record the name for the next version: the platform renames no locked artifact, and a name is worth no roll."""
    note = "a locked artifact keeps its name; the new one is used by its next version"
    if _applied(request, "name") != draft.values["name"]:
        kept = (replace(item, effect=Effect.STORED) if item.path[0] == "name" else item for item in draft.attributes)
        return replace(draft, attributes=tuple(kept), notes=(*draft.notes, note))
    return replace(_without(draft, "name"), notes=(*draft.notes, note))


def _without(draft: Decision, name: str) -> Decision:
    """Return the decision without the differences of an attribute."""
    others = tuple(change for change in draft.attributes if change.path[0] != name)
    is_quiet = not others and draft.action is Action.UPDATE
    return replace(
        draft,
        attributes=others,
        action=Action.NO_OP if is_quiet else draft.action,
        reason=ActionReason.UNCHANGED if is_quiet else draft.reason,
    )


def _changed_draft(
    platform: Platform, request: PlanRequest, draft: Decision, live: Live, desired: PlatformObject
) -> Decision:
    edits_spec = _touched(draft.attributes, "spec")
    status = draft.values.get("status")
    locks = status == "locked" or status is UNKNOWN
    running = _running(platform, request, desired, live.id) if locks else []
    if running and edits_spec and status is not UNKNOWN:
        raise refusal(
            request,
            "Edited and locked at once",
            f"{desired.address} is a draft that a workload runs. Locking it then would freeze the edited spec as the "
            "version that runs, while the workload still runs the old one.",
            'Apply the new spec with status="draft" first, so that the workload rolls to it; then declare status="locked".',
        )
    steps = _editing(platform, request, draft, live)
    builds = bool(steps) and BUILD_ARTIFACT.made(steps[-1])
    gate = _built_gate(steps[-1].lookup["known"]) if builds else None
    if locks:
        steps.append(_promote(running[0], live.id) if running else _lock(live.id, gate))
    goal = _goal(request, draft, "update")
    if gate is not None and not locks:
        goal = replace(goal, goal=gate.goal, describe="built", details=gate.details)
    notes = (*draft.notes, *(["its statistics are reset by locking it while it runs"] if running else []))
    return replace(
        draft,
        label="lock" if locks and not edits_spec else draft.label,
        steps=tuple(steps),
        goal=goal,
        outputs={**draft.outputs, "version": UNKNOWN} if locks else draft.outputs,
        reversible=not locks,
        irreversible_because="a locked artifact never becomes a draft again" if locks else "",
        blast_radius=BlastRadius.NONE,
        notes=notes,
    )


def _editing(platform: Platform, request: PlanRequest, draft: Decision, live: Live) -> list[Step]:
    """Return the calls that bring a draft to its wanted spec, name and description, and build its images."""
    edits_spec = _touched(draft.attributes, "spec")
    payload = _metadata(draft, ("name", "description"))
    if edits_spec:
        payload["spec"] = sent_spec(_whole_spec(request, draft, live), platform.dialect)
    steps = (
        [_patch(live.id, payload, "edit the draft" if edits_spec else "change name or description")] if payload else []
    )
    if needs_build(draft.values["spec"], live.values.get("spec")):
        verify_sources(platform, request, draft.values["spec"], live.values.get("spec"))
        steps.append(_build(live.id, [build["id"] for build in platform.client.builds.list(live.id)]))
    return steps


def _running(
    platform: Platform, request: PlanRequest, desired: PlatformObject, artifact_id: str
) -> list[Mapping[str, Any]]:
    """Return the running workloads of the artifact that do not end in this plan; a draft has at most one.

    Raises DeclarationError where one of them moves to another artifact: it cannot once the draft it runs is locked.
    """
    rows = platform.client.workloads.list(WorkloadFilter(artifact_id=artifact_id))
    users = [dict(row) for row in rows if row.get("artifactId") == artifact_id]
    for row in users:
        item, wanted = in_plan(request, str(row["id"]))
        if item is not None and not follows(request, item) and wanted != artifact_id:
            raise refusal(
                request,
                "Locked while its workload moves on",
                f"{desired.address} is a draft that {item.address} runs, and that is to run another artifact. The "
                "platform replaces a locked artifact by locked ones only, and a draft by drafts.",
                f'Keep status="draft" until {item.address} runs the other artifact; then declare status="locked".',
            )
    return [row for row in users if row.get("status") == "running" and row["id"] not in request.others.ending]


def _promote(workload: Mapping[str, Any], artifact_id: str) -> Step:
    workload_id = workload["id"]
    gate = replace(over_gate(), details={"workload": workload_id}) if has_replacement(workload) else None
    return PROMOTE_WORKLOAD.step(
        "lock the draft that runs",
        workload_id,
        lookup={"artifact_id": artifact_id},
        named={"workload_id": workload_id},
        gate=gate,
    )


def _patch(artifact_id: str, payload: Mapping[str, Json], summary: str) -> Step:
    return UPDATE_ARTIFACT.step(summary, artifact_id, payload=dict(payload))


def _metadata(draft: Decision, names: Sequence[str]) -> dict[str, Json]:
    return {name: draft.values.get(name, "") for name in names if _touched(draft.attributes, name)}


def _touched(changes: Sequence[AttributeChange], name: str) -> bool:
    """True when the platform has to learn of it: what is live already is only recorded."""
    return any(change.path[0] == name and change.effect is not Effect.STORED for change in changes)


def _goal(request: PlanRequest, draft: Decision, phase: str) -> Goal:
    status = draft.values.get("status")
    timeout = request.timeouts.get(phase, _TIMEOUT)
    details: dict[str, Any] = {"status": status} if status is not None else {}
    return Goal(describe=str(status or "ready"), details=details, timeout=timeout)
