"""Checks whether awaited conditions hold: many objects with one list call.

`provider` calls `poll`. Goals: ``ready`` (a workload runs, an artifact has its status), ``rolled``, ``stopped``,
``gone``; gates: ``replacement-over``, ``built``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from wlinfra.errors import Diagnostic
from wlinfra.http.failures import ApiError, FailureKind
from wlinfra.provider import Failed, Ready, Status, Waiting, WaitingStill

from . import fetch
from .compared.facts import artifact_facts, workload_facts
from .compared.shapes import artifact_of, artifact_outputs, workload_outputs
from .platform import ARTIFACT_KIND, WORKLOAD_KIND, Platform
from .waits.explain import active_record, failure_reasons, replacement_record, waiting_reason
from .waits.rollout import has_replacement, runs
from .waits.statuses import WaitState, replacement_progress, workload_progress

__all__ = ["poll"]

_FEW = 3
_DONE_BUILD = "COMPLETED"
_FAILED_BUILDS = frozenset({"FAILED", "CANCELLED"})


def poll(platform: Platform, waiting: Sequence[Waiting]) -> list[Status]:
    """Return one status for each, in the same order."""
    statuses: dict[int, Status] = {}
    for kind in (WORKLOAD_KIND, ARTIFACT_KIND):
        chosen = {index: item for index, item in enumerate(waiting) if item.kind == kind}
        if not chosen:
            continue
        ends = all(item.goal == "gone" for item in chosen.values())
        found = fetch.by_ids(platform, kind, [item.id or "" for item in chosen.values()], confirm=not ends)
        ask = len(chosen) <= _FEW
        for index, item in chosen.items():
            statuses[index] = _status(platform, item, found[item.id or ""], ask=ask)
    return [statuses[index] for index in range(len(waiting))]


def _status(platform: Platform, item: Waiting, found: fetch.Found, *, ask: bool) -> Status:
    try:
        match found:
            case ApiError():
                return _unread(item, found)
            case None:
                return Ready() if item.goal == "gone" else _failed(item, "It does not exist any more.")
            case _ if item.kind == ARTIFACT_KIND:
                return _artifact(platform, item, found)
            case _:
                return _workload(platform, item, found, ask=ask)
    except ApiError as error:
        return _unread(item, error)


def _unread(item: Waiting, error: ApiError) -> Status:
    """Return what a failed read means: only a token that will not do is worth giving up for."""
    said = error.diagnostics[0]
    if error.kind in (FailureKind.UNAUTHORIZED, FailureKind.FORBIDDEN):
        return Failed(error=dataclasses.replace(said, address=item.address))
    return WaitingStill(reason=f"it cannot be read at the moment: {error.detail or said.summary}")


def _artifact(platform: Platform, item: Waiting, artifact: Mapping[str, Any]) -> Status:
    match item.goal:
        case "gone":
            return WaitingStill(reason="the platform still has it")
        case "built":
            return _build(platform, item)
        case "replacement-over":
            return _workload(platform, item, platform.client.workloads.get(item.details["workload"]), ask=False)
        case _:
            wanted = item.details.get("status")
            if wanted is not None and artifact.get("status") != wanted:
                return WaitingStill(reason=f"it is {artifact.get('status')}, not yet {wanted}")
            return Ready(outputs=artifact_outputs(artifact), facts=artifact_facts(artifact))


def _build(platform: Platform, item: Waiting) -> Status:
    known = set(item.details.get("known") or ())
    builds = [build for build in platform.client.builds.list(item.id or "") if build["id"] not in known]
    if not builds:
        return WaitingStill(reason="the build has not begun")
    for build in builds:
        if build["status"] in _FAILED_BUILDS:
            said = build.get("message") or platform.client.builds.logs(item.id or "", build["id"])[-500:]
            return _failed(item, f"The image build {build['id']} ended as {build['status']}: {said.strip()}")
    running = [build for build in builds if build["status"] != _DONE_BUILD]
    return WaitingStill(reason=f"image build {running[0]['status']}") if running else Ready()


def _workload(platform: Platform, item: Waiting, workload: Mapping[str, Any], *, ask: bool) -> Status:
    match item.goal:
        case "gone":
            return WaitingStill(reason="the platform still has it")
        case "replacement-over":
            if has_replacement(workload):
                return WaitingStill(reason=waiting_reason(platform, workload, ask=ask))
            return Ready()
        case "rolled":
            return _rolled(platform, item, workload, ask=ask)
        case _:
            return _powered(platform, item, workload, ask=ask)


def _powered(platform: Platform, item: Waiting, workload: Mapping[str, Any], *, ask: bool) -> Status:
    wanted = "stopped" if item.details.get("power") == "stopped" else "running"
    starting = bool(item.details.get("starting"))
    match workload_progress(workload.get("status") or "unknown", wanted=wanted, is_starting=starting):  # type: ignore[arg-type] # one of the two literals
        case WaitState.DONE:
            return Ready(outputs=workload_outputs(workload), facts=workload_facts(workload))
        case WaitState.WAITING:
            return WaitingStill(reason=waiting_reason(platform, workload, ask=ask))
        case WaitState.FAILED:
            reasons = failure_reasons(platform, workload)
            return _failed(item, f"The workload is {workload.get('status')}: {reasons}")


def _rolled(platform: Platform, item: Waiting, workload: Mapping[str, Any], *, ask: bool) -> Status:
    """Judge a roll: it is over, the workload runs what was asked for, and it is in the declared power state.

    The record of a finished replacement vanishes within a second, so its absence proves nothing by itself.
    """
    details = item.details
    if has_replacement(workload):
        return WaitingStill(reason=waiting_reason(platform, workload, ask=ask))
    replacement = workload.get("replacement")
    if replacement and _is_failed(replacement) and not _is_stale(replacement, details):
        record = active_record(platform, workload["id"]) or replacement
        return _failed(item, f"The roll failed: {failure_reasons(platform, workload, record)}")
    before = details.get("proton")
    has_moved = before is None or workload.get("protonId") != before
    if runs(workload, details) and (has_moved or not details.get("rerolls")):
        status = _powered(platform, item, workload, ask=ask)
        return dataclasses.replace(status, memory=details.get("memory") or {}) if isinstance(status, Ready) else status
    record = replacement_record(platform, workload["id"], before)
    if record is not None and _is_failed(record) and not _is_stale(record, details):
        return _failed(item, f"The roll failed: {failure_reasons(platform, workload, record)}")
    if has_moved and before is not None:
        return _failed(
            item,
            f"The roll is over, but the workload runs the artifact {artifact_of(workload)} with another runtime or version "
            "than asked for: another user or tool changed it meanwhile.",
        )
    if active_record(platform, workload["id"]) is not None:
        return WaitingStill(reason="the platform begins the replacement")
    # An accepted replacement shows at once, so that its absence here and in the history means that it was cancelled.
    return _failed(item, "The replacement is gone without having switched: another user cancelled it.")


def _is_failed(replacement: Mapping[str, Any]) -> bool:
    return replacement_progress(replacement.get("status") or "unknown") is WaitState.FAILED


def _is_stale(replacement: Mapping[str, Any], details: Mapping[str, Any]) -> bool:
    """True for the record of an earlier failure, which the platform may leave on the workload."""
    candidates = sorted(replacement.get("candidateProtonIds") or ())
    return bool(candidates) and candidates == sorted(details.get("candidates") or ())


def _failed(item: Waiting, detail: str) -> Failed:
    return Failed(
        error=Diagnostic(
            summary=f"{item.kind.capitalize()} did not become ready",
            detail=detail,
            fix="Correct the cause, then run the command again: it goes on from here.",
            address=item.address,
        )
    )
