"""Is the artifact that a workload is to run there, may it follow the one that runs, and does the workload fit it?

Asked before a create, a replacement and a roll; of an artifact that this stack owns, its planned change answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wlinfra.http.failures import ApiError
from wlinfra.provider import Action, Decision, Live, PlanRequest
from wlinfra.remedies import Advice, apply
from wlinfra.values import UNKNOWN, Address

from .. import fetch
from ..compared.facts import known
from ..platform import ARTIFACT_KIND, Platform
from ..waits.drafts import artifact_change
from .held_drafts import after_others
from .refusal import refusal

__all__ = ["verify_artifact", "verify_fit"]

_EVERY_TYPE = frozenset({"cpuAverageUtilization", "httpRequestsConcurrency"})
"""Metrics that artifacts of all types scale by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is known of the artifact before the change."""

    status: str | None
    type: str | None
    spec: Mapping[str, Any]


def verify_artifact(
    platform: Platform, request: PlanRequest, draft: Decision, live: Live | None = None
) -> tuple[Address, ...]:
    """Return which objects of the plan have to let go of the artifact first: a draft serves one workload only.

    Raises DeclarationError for an id without an artifact, for a roll between a draft and a locked one or to another
    type, for a draft that serves another workload, and for a runtime that does not fit the artifact.
    """
    wanted = _wanted(platform, request, draft)
    if wanted is None:
        return ()
    now = (known(live).get("artifact") or {}).get("status") if live is not None else None
    if None not in (now, wanted.status) and (now == "draft") != (wanted.status == "draft"):
        raise refusal(
            request,
            "Draft and locked do not mix",
            f"It runs a {now} artifact and would be rolled to a {wanted.status} one; the platform replaces a draft by "
            "drafts and a locked artifact by locked ones only.",
            f'Lock the draft {"that runs now" if now == "draft" else "that it is to run"} (status="locked" on its wl.Artifact), '
            "or declare a new workload.",
            path="artifact",
        )
    _refuse_locked_meanwhile(request, draft, wanted)
    _verify_type(request, wanted, live)
    _verify_runtime(platform, request, draft, wanted, live)
    artifact = draft.values.get("artifactId")
    return after_others(platform, request, artifact) if wanted.status == "draft" and isinstance(artifact, str) else ()


def verify_fit(platform: Platform, request: PlanRequest, draft: Decision, live: Live) -> None:
    """Raise DeclarationError for a runtime that does not fit the artifact which the workload runs and keeps."""
    wanted = _wanted(platform, request, draft)
    if wanted is not None:
        _verify_runtime(platform, request, draft, wanted, live)


def _wanted(platform: Platform, request: PlanRequest, draft: Decision) -> _Wanted | None:
    wanted, change = draft.values.get("artifactId"), artifact_change(request)  # a live id where the declared is ignored
    if change is not None and (not isinstance(wanted, str) or wanted == change.outputs.get("id")):
        own = {name: value for name, value in change.values.items() if value is not UNKNOWN}
        return _Wanted(status=own.get("status"), type=own.get("type"), spec=own.get("spec") or {})
    if not isinstance(wanted, str):
        return None
    found = fetch.get(platform, ARTIFACT_KIND, wanted)
    if found is None:
        raise refusal(
            request,
            "No such artifact",
            f"DataRobot has no artifact with the id {wanted}, or the token may not see it.",
            'Correct the id, declare a wl.Artifact and pass it, or find one by its name: artifact=wl.lookup("artifact", name=...).',
            path="artifact",
        )
    if isinstance(found, ApiError):
        return None
    return _Wanted(status=found.get("status"), type=found.get("type"), spec=found.get("spec") or {})


def _refuse_locked_meanwhile(request: PlanRequest, draft: Decision, wanted: _Wanted) -> None:
    """Raise for a draft that is named by its id and locked in the same plan: nothing says which of the two is first."""
    artifact = draft.values.get("artifactId")
    for item, reading in request.others if wanted.status == "draft" and isinstance(artifact, str) else ():
        if item.kind != ARTIFACT_KIND or item.lookup or "status" in item.lifecycle.ignore_changes:
            continue
        is_this = isinstance(reading, Live) and reading.id == artifact
        if is_this and item.values.get("status") == "locked":
            raise refusal(
                request,
                "Artifact is locked in this plan",
                f"It names {item.address} by its id, which is a draft now and is locked in the same plan.",
                f"Pass {item.address} itself, so that the plan orders both, or lock it first with an apply of its own.",
                path="artifact",
            )


def _verify_type(request: PlanRequest, wanted: _Wanted, live: Live | None) -> None:
    now = known(live).get("type") if live is not None else None
    if now is None or wanted.type is None or now == wanted.type:
        return
    raise refusal(
        request,
        "Artifact is of another type",
        f"It is a workload of type {now} and would be rolled to an artifact of type {wanted.type}; the platform replaces an "
        "artifact by one of its own type only.",
        Advice(
            "Replace the workload, which gives it another id and endpoint, or declare an artifact of its type:",
            apply(replaces=request.subject.address),
        ),
        path="artifact",
    )


def _verify_runtime(
    platform: Platform, request: PlanRequest, draft: Decision, wanted: _Wanted, live: Live | None
) -> None:
    """Raise for groups, containers and metrics that the artifact does not have, and for allocations that are missing."""
    groups = {group.get("name") or "default": group for group in _known(wanted.spec.get("containerGroups"))}
    if not groups or draft.action is Action.IMPORT:
        return
    for problem, fix in _problems(platform, draft, wanted, groups, live):
        raise refusal(request, "Runtime does not fit the artifact", problem, fix)


def _problems(
    platform: Platform, draft: Decision, wanted: _Wanted, groups: Mapping[str, Any], live: Live | None
) -> Iterator[tuple[str, str]]:
    kept = _allocated((live.values.get("runtime") if live is not None else None) or {})
    runtime = draft.values.get("runtime") or {}
    given = {group.get("name") or "default": group for group in runtime.get("containerGroups") or ()}
    for name, group in given.items():
        if name not in groups:
            yield f"The artifact has no container group {name}; it has {', '.join(groups)}.", "Use a name that it has."
            continue
        containers = _names(groups[name])
        if containers is None:
            continue
        for entry in group.get("containers") or ():
            if entry.get("name") not in containers:
                yield (
                    f"The artifact has no container {entry.get('name')}; it has {', '.join(containers)}.",
                    "Use the name that the artifact gives it.",
                )
        kind, free = wanted.type or "service", platform.dialect.free_metric_types
        for policy in (group.get("autoscaling") or {}).get("policies") or ():
            metric = policy.get("scalingMetric")
            if isinstance(metric, str) and metric not in _EVERY_TYPE and kind not in free:
                yield (
                    f"{metric} is measured in NIM artifacts only, and this one is of type {kind}.",
                    "Scale by wl.concurrency or wl.cpu, or run an artifact of the type nim.",
                )
    for name, group in groups.items():
        containers = _names(group) or []
        allocated = _allocated({"containerGroups": [given[name]]} if name in given else {}) | kept
        missing = [container for container in containers if container not in allocated]
        if len(containers) > 1 and missing:
            yield (
                f"Of several containers each needs an allocation on DataRobot, and {', '.join(missing)} has none.",
                f'Give each its own: allocations={{"{containers[0]}": wl.Allocation(cpu=..., memory=...), ...}}.',
            )


def _known(items: Any) -> list[Any]:
    """Return the elements of a list; none where it, or one of them, is not known yet."""
    return list(items) if isinstance(items, list) and all(item is not UNKNOWN for item in items) else []


def _names(group: Mapping[str, Any]) -> list[str] | None:
    """Return the names of a group's containers; None where they are not all known yet."""
    names = [container.get("name") or "main" for container in _known(group.get("containers"))]
    return names if names and all(isinstance(name, str) for name in names) else None


def _allocated(runtime: Mapping[str, Any]) -> set[str]:
    return {
        entry["name"]
        for group in runtime.get("containerGroups") or ()
        for entry in group.get("containers") or ()
        if entry.get("resourceAllocation") and isinstance(entry.get("name"), str)
    }
