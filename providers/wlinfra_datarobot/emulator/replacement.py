"""Rolling replacements: a candidate proton starts beside the active one, takes over once it runs, and the record fades.

Every handler of a workload calls `settle` first, so that what the clock has brought about has happened.
"""

from __future__ import annotations

from typing import Any

from wlinfra.emulation import Document, Response, json_response

from . import artifacts, protons
from .errors import ApiError, conflict, unprocessable
from .lifecycle import began, status_at, stop
from .validate import body, runtime_document, show_runtime
from .workload_shapes import Runtime, StartReplacement, UpdateSettings
from .world import TENANT_ID, USER_ID, Call, Dialect, new_id, page, stamp

_NAMES = {
    "awaiting_promotion": "staged",
    "switching": "promoting",
    "cleaning_up": "finalizing",
    "deleting": "canceling",
}
"""The statuses of 2026-06 that 2026-10 renamed."""
NONE_ACTIVE = "There is no active replacement for this workload."


def settle(call: Call, workload: Document) -> Document:
    """Return the workload after everything its replacements have done by now."""
    while workload["replacementId"] is not None:
        moved = _advance(call, workload, call.tx.all("replacements")[workload["replacementId"]])
        if moved is workload:
            break
        workload = moved
    return workload


def in_flight(call: Call, workload: Document) -> bool:
    """Return whether a replacement runs; a failed or completed one that can still be read does not count."""
    record = current(call, workload)
    return record is not None and _status(call, record) not in {"completed", "errored"}


def current(call: Call, workload: Document) -> Document | None:
    """Return the replacement that the workload shows, or None."""
    key = workload["replacementId"]
    return None if key is None else call.tx.get("replacements", key)


def show_small(call: Call, record: Document | None) -> dict[str, Any] | None:
    """Return what a workload shows of its replacement."""
    if record is None:
        return None
    return {
        "candidateProtonIds": [record["candidateProtonId"]] if record["candidateProtonId"] else [],
        "status": _spelled(call, _status(call, record)),
        "strategy": "rolling",
    }


def start_replacement(call: Call, workload: Document) -> Response:
    """Answer POST /workloads/{id}/replacement."""
    wish = body(call, StartReplacement)
    artifact = artifacts.find(call, wish.artifact_id)
    _check_artifact(call, workload, artifact)
    runtime = _runtime(call, workload, artifact, wish.runtime)
    busy = in_flight(call, workload)
    if busy and call.settings.quirks.second_replacement == "refuse":
        raise unprocessable("A replacement is already in progress.")
    record = _new_record(call, workload, artifact, runtime)
    record = {**record, "config": wish.config.model_dump(by_alias=True)}
    return _accept(call, workload, record, queued=busy)


def update_settings(call: Call, workload: Document) -> Response:
    """Answer PATCH /workloads/{id}/settings: the same artifact rolls with a new runtime."""
    wish = body(call, UpdateSettings)
    if in_flight(call, workload):
        raise conflict("A replacement is in progress; settings cannot change until it is over.")
    artifact = artifacts.find(call, workload["artifactId"])
    runtime = runtime_document(call, wish.runtime, artifact)
    return _accept(call, workload, _new_record(call, workload, artifact, runtime), queued=False)


def get_settings(call: Call, workload: Document) -> Response:
    """Answer GET /workloads/{id}/settings."""
    found: dict[str, Any] = {"runtime": show_runtime(call, workload["runtime"], scheduled=True)}
    if call.dialect is Dialect.OCTOBER:
        found["replacement"] = show_small(call, current(call, workload))
    return json_response(found)


def get_replacement(call: Call, workload: Document) -> Response:
    """Answer GET /workloads/{id}/replacement."""
    record = current(call, workload)
    if record is None:
        raise ApiError(404, NONE_ACTIVE)
    return json_response(_show(call, record))


def cancel_replacement(call: Call, workload: Document) -> Response:
    """Answer DELETE /workloads/{id}/replacement: cancels one that has not switched, clears one that failed."""
    record = current(call, workload)
    if record is None:
        raise ApiError(404, NONE_ACTIVE)
    if record["switched"]:
        raise unprocessable("The replacement has already switched over and can no longer be cancelled.")
    cancel(call, record)
    call.event(workload["id"], "workload.replacement.cancelled", replacementId=record["id"])
    return json_response({}, 202)


def cancel(call: Call, record: Document) -> None:
    """End a replacement that has not switched; its candidate goes away."""
    _retire(call, record["candidateProtonId"])
    ends = call.now + call.settings.durations.finalizing
    past = [entry for entry in record["timeline"] if entry[0] <= call.now]
    changed = {"timeline": [*past, [call.now, "deleting"]], "switchAt": None, "goneAt": ends, "cancelled": True}
    call.tx.put("replacements", record["id"], {**record, **changed})


def abandon(call: Call, workload: Document) -> None:
    """Give up what is queued, and what runs unless it has switched."""
    for key in workload["queue"]:
        call.tx.delete("replacements", key)
    if workload["queue"]:
        call.tx.put("workloads", workload["id"], {**workload, "queue": []})
    record = current(call, workload)
    if record is not None and in_flight(call, workload) and not record["switched"]:
        cancel(call, record)


def get_history(call: Call, workload: Document) -> Response:
    """Answer GET /workloads/{id}/history with what is over, newest first."""
    rows = [row for row in call.tx.where("replacements", "workloadId", workload["id"]) if _is_history(call, row)]
    return page(call, rows[::-1], lambda row: _show(call, row))


def record_promotion(call: Call, workload: Document, artifact: Document) -> None:
    """Add the entry that a promotion leaves in the history."""
    record = _new_record(call, workload, artifact, workload["runtime"])
    done = {"timeline": [[call.now, "completed"]], "switchAt": call.now, "switched": True, "goneAt": call.now}
    call.tx.put("replacements", record["id"], {**record, **done, "message": "Promoted"})


def _check_artifact(call: Call, workload: Document, artifact: Document) -> None:
    artifacts.check_same_type(artifact, workload["type"])
    active = call.tx.get("artifacts", workload["artifactId"])
    if active is not None and active["status"] != artifact["status"]:
        raise ApiError(
            400, f"Artifact status mismatch: {active['status']} cannot be replaced with {artifact['status']}."
        )
    if artifact["id"] == workload["artifactId"] and artifact["status"] == "locked":
        raise unprocessable("Cannot replace with the same artifact")
    check_draft_is_free(call, artifact, workload["id"])


def check_draft_is_free(call: Call, artifact: Document, workload_id: str | None) -> None:
    """Raise a 409 when a draft already serves another workload."""
    if artifact["status"] != "draft":
        return
    if any(row["workloadId"] != workload_id for row in call.tx.where("protons", "holds", artifact["id"])):
        raise conflict("A draft artifact serves one workload only; lock it or use another.")


def _runtime(call: Call, workload: Document, artifact: Document, wish: Runtime | None) -> Document:
    if wish is not None:
        return runtime_document(call, wish, artifact)
    declared = {
        group["name"]: {container["name"] for container in group["containers"]}
        for group in artifact["spec"]["containerGroups"]
    }
    for group in workload["runtime"]["containerGroups"]:
        used = {override["name"] for override in group.get("containers") or ()}
        if group["name"] not in declared or not used <= declared[group["name"]]:
            raise unprocessable("The current runtime does not fit the new artifact's containers; send a runtime.")
    runtime: Document = workload["runtime"]
    return runtime


def _new_record(call: Call, workload: Document, artifact: Document, runtime: Document) -> Document:
    key = new_id(call.now)
    return {
        "id": key,
        "workloadId": workload["id"],
        "name": f"{workload['name']}-{key[-6:]}",
        "createdAt": call.now,
        "candidateArtifactId": artifact["id"],
        "candidateProtonId": None,
        "previousProtonId": workload["protonId"],
        "config": {"keepOldVersionMinutes": 0, "warmupDurationMinutes": 0},
        "runtime": runtime,
        "timeline": [[call.now, "submitted"]],
        "switchAt": None,
        "switched": False,
        "goneAt": None,
        "cancelled": False,
        "message": None,
    }


def _accept(call: Call, workload: Document, record: Document, *, queued: bool) -> Response:
    call.tx.put("replacements", record["id"], record)
    call.event(workload["id"], "workload.replacement.started", replacementId=record["id"])
    if queued:
        waiting = {**workload, "queue": [*workload["queue"], record["id"]]}
        call.tx.put("workloads", workload["id"], waiting)
    else:
        failed = current(call, workload)
        if failed is not None:
            _retire(call, failed["candidateProtonId"] if not failed["switched"] else None)
        record = _begin(call, workload, record)
    return json_response(_show(call, record), 202)


def _begin(call: Call, workload: Document, record: Document) -> Document:
    """Start the candidate and write down when everything about this replacement happens."""
    artifact = artifacts.find(call, record["candidateArtifactId"])
    active = call.tx.get("protons", workload["protonId"])
    idle = active is not None and status_at(active["timeline"], call.now) in {"stopped", "stopping"}
    candidate = protons.start_proton(call, workload, artifact, record["runtime"], role="candidate")
    if idle:
        protons.change(call, candidate["id"], timeline=[[call.now, "stopped"]])
    times = call.settings.durations
    timeline: list[list[Any]] = [[call.now, "submitted"], [call.now + times.submitted, "initializing"]]
    ready = call.now + times.submitted if idle else began(candidate["timeline"], "running")
    failed = None if idle else began(candidate["timeline"], "errored")
    changed: dict[str, Any] = {"candidateProtonId": candidate["id"], "previousProtonId": workload["protonId"]}
    if failed is not None:
        timeline.append([failed, "errored"])
        changed["message"] = f"The candidate did not start: {candidate['reason']}: {candidate['message']}"
    elif ready is not None:
        switching = ready + times.staged + times.warmup_minute * record["config"]["warmupDurationMinutes"]
        switched = switching + times.promoting
        over = switched + times.finalizing
        timeline += [
            [ready, "awaiting_promotion"], [switching, "switching"], [switched, "cleaning_up"], [over, "completed"]
        ]  # fmt: skip
        changed |= {"switchAt": switched, "goneAt": over + times.vanishing}
    record = {**record, **changed, "timeline": timeline}
    call.tx.put("replacements", record["id"], record)
    call.tx.put("workloads", workload["id"], {**workload, "replacementId": record["id"], "updatedAt": call.now})
    return record


def _advance(call: Call, workload: Document, record: Document) -> Document:
    """Take one step that is due; returns the very same workload when none is."""
    if record["switchAt"] is not None and not record["switched"] and record["switchAt"] <= call.now:
        return _switch(call, workload, record)
    if record["goneAt"] is not None and record["goneAt"] <= call.now:
        if record["cancelled"]:
            call.tx.delete("replacements", record["id"])
        return _next(call, {**workload, "replacementId": None})
    if _status(call, record) == "errored" and workload["queue"]:
        _retire(call, record["candidateProtonId"])
        return _next(call, workload)
    return workload


def _switch(call: Call, workload: Document, record: Document) -> Document:
    moment = record["switchAt"]
    before = workload["protonId"]
    protons.change(call, record["candidateProtonId"], role="active")
    old = call.tx.get("protons", before) if before else None
    if old is not None:
        timeline = stop(old["timeline"], moment, call.settings.durations, "terminated")
        protons.change(call, before, role=None, holds=None, timeline=timeline)
    call.tx.put("replacements", record["id"], {**record, "switched": True})
    moved = {
        **workload,
        "protonId": record["candidateProtonId"],
        "artifactId": record["candidateArtifactId"],
        "runtime": record["runtime"],
        "updatedAt": moment,
    }
    call.tx.put("workloads", workload["id"], moved)
    return moved


def _next(call: Call, workload: Document) -> Document:
    """Let the next replacement in the queue begin, now that this one is over."""
    if not workload["queue"]:
        call.tx.put("workloads", workload["id"], workload)
        return workload
    key, *rest = workload["queue"]
    call.tx.put("workloads", workload["id"], {**workload, "queue": rest})
    _begin(call, {**workload, "queue": rest}, call.tx.all("replacements")[key])
    return call.tx.all("workloads")[workload["id"]]


def _retire(call: Call, key: str | None) -> None:
    proton = call.tx.get("protons", key) if key else None
    if proton is not None:
        timeline = stop(proton["timeline"], call.now, call.settings.durations, "terminated")
        protons.change(call, proton["id"], role=None, holds=None, timeline=timeline)


def _is_history(call: Call, record: Document) -> bool:
    return not record["cancelled"] and _status(call, record) in {"completed", "errored"}


def _status(call: Call, record: Document) -> str:
    return status_at(record["timeline"], call.now)


def _spelled(call: Call, status: str) -> str:
    return status if call.dialect is Dialect.JUNE else _NAMES.get(status, status)


def _show(call: Call, record: Document) -> dict[str, Any]:
    candidate = call.tx.get("protons", record["candidateProtonId"]) if record["candidateProtonId"] else None
    report = None if candidate is None else protons.snapshot(call, candidate)
    moments = [entry[0] for entry in record["timeline"] if entry[0] <= call.now]
    return {
        "id": record["id"],
        "name": record["name"],
        "workloadId": record["workloadId"],
        "candidateArtifactId": record["candidateArtifactId"],
        "candidateProtonIds": [record["candidateProtonId"]] if record["candidateProtonId"] else [],
        "previousProtonIds": [record["previousProtonId"]] if record["previousProtonId"] else None,
        "status": _spelled(call, _status(call, record)),
        "strategy": "rolling",
        "config": record["config"],
        "runtime": show_runtime(call, record["runtime"], scheduled=True),
        "message": record["message"] if _status(call, record) in {"errored", "completed"} else None,
        "switchedAt": stamp(record["switchAt"]) if record["switched"] else None,
        "protonStatuses": None if candidate is None or report is None else {candidate["id"]: report},
        "userId": USER_ID,
        "tenantId": TENANT_ID,
        "createdAt": stamp(record["createdAt"]),
        "updatedAt": stamp(max(moments, default=record["createdAt"])),
        "deletedAt": None,
        "isDeleted": False,
        "taskiqManaged": False,
        "taskiqLastHeartbeat": None,
    }
