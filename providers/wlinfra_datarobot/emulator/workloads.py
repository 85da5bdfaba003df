"""Workloads: created from an artifact, read, listed, renamed, started, stopped, promoted, deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wlinfra.emulation import Document, Response, json_response

from . import artifacts, protons, replacement, stats
from .errors import ApiError, conflict, not_found, unprocessable
from .lifecycle import entry_at, status_at, stop
from .sharing import forget_roles, list_roles, update_roles
from .validate import body, read_json, runtime_document, show_runtime, with_spec_type
from .workload_shapes import CreateWorkload, UpdateWorkload
from .world import (
    BY_TIME,
    USER,
    USER_ID,
    Call,
    Handler,
    RouteTable,
    filtered,
    new_id,
    ordered,
    page,
    require,
    signed,
    stamp,
)

_IMPORTANCE = ("low", "moderate", "high", "critical")
_STATUS = (
    "unknown", "terminated", "errored", "stopped", "stopping", "interrupted",
    "suspended", "submitted", "provisioning", "launching", "running",
)  # fmt: skip
_IDLE = frozenset({"stopped", "errored", "terminated"})


def find(call: Call, key: str) -> Document:
    """Return a workload as it is now; raises the 404."""
    return replacement.settle(call, require(call.tx.get("workloads", key), not_found("Workload", key)))


def status(call: Call, workload: Document) -> str:
    """Return the status of a settled workload."""
    return protons.workload_status(call, call.tx.get("protons", workload["protonId"]))


def show(call: Call, workload: Document, *, with_stats: bool = True) -> dict[str, Any]:
    """Return a settled workload as answered."""
    proton = call.tx.get("protons", workload["protonId"])
    moment, now_status = entry_at(proton["timeline"], call.now) if proton else (workload["updatedAt"], "unknown")
    return {
        "id": workload["id"],
        "name": workload["name"],
        "description": workload["description"],
        "importance": workload["importance"],
        "type": workload["type"],
        "status": protons.workload_status(call, proton),
        "artifactId": workload["artifactId"],
        "artifact": artifacts.summary(call.tx.get("artifacts", workload["artifactId"])),
        "runtime": show_runtime(call, workload["runtime"], scheduled=now_status != "submitted"),
        "protonId": workload["protonId"],
        "replacement": replacement.show_small(call, replacement.current(call, workload)),
        "endpoint": f"{call.public_url}/endpoints/workloads/{workload['id']}/",
        "tags": list(workload["tags"]),
        **signed(call, workload),
        "owners": [dict(USER)],
        "requestStats": stats.request_stats(call, workload["protonId"]) if with_stats else None,
        "lastResponse": stats.last_response(call, workload["protonId"]),
        "updatedAt": stamp(max(workload["updatedAt"], moment)),
    }


def create_workload(call: Call) -> Response:
    """Answer POST /workloads: the first proton starts at once."""
    given = read_json(call)
    if isinstance(given, dict):
        given = given | {name: with_spec_type(given[name], None) for name in ("artifact",) if name in given}
    wish = body(call, CreateWorkload, given)
    _check_quota(call)
    if wish.artifact is not None:
        artifact = artifacts.create(call, wish.artifact)
    else:
        artifact = artifacts.find(call, str(wish.artifact_id))
        replacement.check_draft_is_free(call, artifact, None)
    runtime = runtime_document(call, wish.runtime, artifact)
    about = {"name": wish.name, "description": wish.description, "importance": wish.importance}
    return json_response(show(call, store_workload(call, artifact, runtime, about)), 201)


def store_workload(call: Call, artifact: Document, runtime: Document, about: Mapping[str, Any]) -> Document:
    """Store a workload with its first proton and return it; `about` holds name, description and importance."""
    key = new_id(call.now)
    workload: Document = {
        "id": key,
        **about,
        "type": artifact["type"],
        "artifactId": artifact["id"],
        "runtime": runtime,
        "replacementId": None,
        "queue": [],
        "tags": [],
        "createdAt": call.now,
        "updatedAt": call.now,
    }
    proton = protons.start_proton(call, workload, artifact, runtime, role="active")
    workload = {**workload, "protonId": proton["id"]}
    call.tx.put("workloads", key, workload)
    call.event(key, "workload.created", name=workload["name"])
    return workload


def get_workload(call: Call, workload: Document) -> Response:
    """Answer GET /workloads/{id}."""
    return json_response(show(call, workload))


def update_workload(call: Call, workload: Document) -> Response:
    """Answer PATCH /workloads/{id}: metadata only, nothing restarts."""
    wish = body(call, UpdateWorkload)
    changed: dict[str, Any] = {"updatedAt": call.now}
    if wish.name is not None:
        changed["name"] = wish.name
    if wish.importance is not None:
        changed["importance"] = wish.importance
    if "description" in wish.model_fields_set:
        changed["description"] = wish.description
    workload = {**workload, **changed}
    call.tx.put("workloads", workload["id"], workload)
    call.event(workload["id"], "workload.updated", attributes=sorted(wish.model_fields_set))
    return json_response(show(call, workload))


def delete_workload(call: Call, workload: Document) -> Response:
    """Answer DELETE /workloads/{id}: everything about it goes; its artifact stays."""
    key = workload["id"]
    for proton in call.tx.where("protons", "workloadId", key):
        stats.forget(call, proton["id"])
        call.tx.delete("protons", proton["id"])
    for collection in ("replacements", "events"):
        for row in call.tx.where(collection, "workloadId", key):
            call.tx.delete(collection, row["id"])
    forget_roles(call, key)
    call.tx.delete("workloads", key)
    if call.settings.quirks.delete_answers_502:
        return json_response({"detail": "The workload was deleted, but its proton could not be stopped."}, 502)
    return Response(status=204)


def start_workload(call: Call, workload: Document) -> Response:
    """Answer POST /workloads/{id}/start."""
    proton = require(call.tx.get("protons", workload["protonId"]), conflict("The workload has no proton to start."))
    if status_at(proton["timeline"], call.now) != "stopped":
        raise conflict("Only a stopped workload can be started.")
    protons.relaunch(call, proton)
    call.event(workload["id"], "workload.started")
    return _operation(call, workload, "Workload start accepted")


def stop_workload(call: Call, workload: Document) -> Response:
    """Answer POST /workloads/{id}/stop: one that is down already stays so; a replacement in flight is cancelled."""
    proton = call.tx.get("protons", workload["protonId"])
    if proton is not None and status_at(proton["timeline"], call.now) not in {"stopped", "stopping"}:
        protons.change(call, proton["id"], timeline=stop(proton["timeline"], call.now, call.settings.durations))
    replacement.abandon(call, workload)
    call.event(workload["id"], "workload.stopped")
    return _operation(call, workload, "Workload stop accepted")


def promote_workload(call: Call, workload: Document) -> Response:
    """Answer POST /workloads/{id}/promote: the running draft is locked and keeps running."""
    artifact = artifacts.find(call, workload["artifactId"])
    proton = call.tx.get("protons", workload["protonId"])
    if artifact["status"] == "locked":
        raise unprocessable("The artifact is already locked.")
    if replacement.in_flight(call, workload):
        raise unprocessable("A replacement is in progress.")
    if proton is None or status_at(proton["timeline"], call.now) != "running":
        raise unprocessable("The workload has no active proton.")
    artifact = artifacts.lock(call, artifact)
    past = [entry for entry in proton["timeline"] if entry[0] <= call.now]
    protons.change(call, proton["id"], draft=False, timeline=past)
    stats.forget(call, proton["id"])
    replacement.record_promotion(call, workload, artifact)
    call.event(workload["id"], "workload.promoted", artifactId=artifact["id"], version=artifact["version"])
    return json_response(show(call, workload), 202)


def list_workloads(call: Call) -> Response:
    """Answer GET /workloads with its filters."""
    with_stats = call.flag("serviceStats")
    rows = ordered(call, matching(call), _order_keys(call))
    return page(call, rows, lambda row: show(call, replacement.settle(call, row), with_stats=with_stats))


def matching(call: Call) -> list[Document]:
    """Return the workloads that the filters of the query let through, oldest first."""
    rows: Iterable[Document] = call.tx.all("workloads").values()
    if ids := call.values("ids"):
        rows = [row for key in ids if (row := call.tx.get("workloads", key)) is not None]
    among = _among(call)
    if any(call.value(name) for name in (*among, "tagKeys", "tagValues", "search")):
        settled = [replacement.settle(call, row) for row in list(rows)]
        rows = filtered(call, settled, among, ("name", "description", "id"))
    return list(rows)


def _among(call: Call) -> dict[str, Callable[[Document], Any]]:
    def artifact(row: Document, attribute: str) -> Any:
        return (call.tx.get("artifacts", row["artifactId"]) or {}).get(attribute)

    return {
        "status": lambda row: status(call, row),
        "importance": lambda row: row["importance"],
        "type": lambda row: row["type"],
        "artifactId": lambda row: row["artifactId"],
        "artifactStatus": lambda row: artifact(row, "status"),
        "repositoryId": lambda row: artifact(row, "artifactRepositoryId"),
        "createdBy": lambda row: USER_ID,
    }


def _order_keys(call: Call) -> dict[str, Callable[[Document], Any]]:
    return {
        **BY_TIME,
        "status": lambda row: _STATUS.index(status(call, row)),
        "importance": lambda row: _IMPORTANCE.index(row["importance"]),
    }


def list_events(call: Call, workload: Document) -> Response:
    """Answer GET /workloads/{id}/events, newest first: what users did and what the protons went through."""
    done = [
        {**event, "timestamp": stamp(event["timestamp"]), "at": event["timestamp"]}
        for event in call.tx.where("events", "workloadId", workload["id"])
    ]
    seen = [
        _transition(workload, proton, index, moment, name)
        for proton in call.tx.where("protons", "workloadId", workload["id"])
        for index, (moment, name) in enumerate(proton["timeline"])
        if moment <= call.now
    ]
    rows = sorted([*done, *seen], key=lambda event: event["at"], reverse=True)
    return page(call, rows, lambda event: {name: value for name, value in event.items() if name != "at"})


def _transition(workload: Document, proton: Document, index: int, moment: float, name: str) -> dict[str, Any]:
    details = {"protonId": proton["id"], "status": name}
    if name == "errored" or (proton["reason"] and name != "submitted"):
        details |= {"reason": proton["reason"], "message": proton["message"]}
    return {
        "id": f"{proton['id'][:-2]}{index:02x}",
        "workloadId": workload["id"],
        "timestamp": stamp(moment),
        "eventType": "proton.status",
        "actorId": None,
        "details": details,
        "at": moment,
    }


def list_related(call: Call, workload: Document) -> Response:
    """Answer GET /workloads/{id}/related: its artifact, the artifact's repository, and its protons by id."""
    data: list[dict[str, Any]] = []
    artifact = call.tx.get("artifacts", workload["artifactId"])
    if artifact is not None:
        repository = call.tx.get("repositories", artifact["artifactRepositoryId"])
        data.append(_related(call, artifact, "artifact"))
        if repository is not None:
            data.append(_related(call, repository, "artifact_repository"))
    live = (row for row in call.tx.where("protons", "workloadId", workload["id"]) if row["role"] is not None)
    data.extend({"id": proton["id"], "type": "proton"} for proton in live)
    return json_response({"count": len(data), "data": data})


def _related(call: Call, row: Document, kind: str) -> dict[str, Any]:
    return {"id": row["id"], "name": row["name"], "type": kind, **signed(call, row)}


def _check_quota(call: Call) -> None:
    most = call.settings.quirks.max_concurrent_workloads
    if most is None:
        return
    rows = [replacement.settle(call, row) for row in list(call.tx.all("workloads").values())]
    if sum(status(call, row) not in _IDLE for row in rows) >= most:
        raise ApiError(403, f"The number of concurrent workloads would exceed the maximum allowed ({most}).")


def _operation(call: Call, workload: Document, message: str) -> Response:
    host = call.request.headers.get("host", "127.0.0.1")
    track = f"http://{host}/api/v2/workloads/{workload['id']}"
    return json_response({"status": message, "workloadId": workload["id"], "trackVia": track}, 202)


def _of(handle: Callable[[Call, Document], Response]) -> Handler:
    """Return a handler that first finds the workload of the path."""

    def handler(call: Call) -> Response:
        return handle(call, find(call, call.request.params["workload_id"]))

    return handler


_ONE = "/workloads/{workload_id}"
ROUTES: RouteTable = (
    ("GET", "/workloads", list_workloads),
    ("POST", "/workloads", create_workload),
    ("GET", _ONE, _of(get_workload)),
    ("PATCH", _ONE, _of(update_workload)),
    ("DELETE", _ONE, _of(delete_workload)),
    ("POST", f"{_ONE}/start", _of(start_workload)),
    ("POST", f"{_ONE}/stop", _of(stop_workload)),
    ("POST", f"{_ONE}/promote", _of(promote_workload)),
    ("GET", f"{_ONE}/events", _of(list_events)),
    ("GET", f"{_ONE}/related", _of(list_related)),
    ("GET", f"{_ONE}/settings", _of(replacement.get_settings)),
    ("PATCH", f"{_ONE}/settings", _of(replacement.update_settings)),
    ("GET", f"{_ONE}/replacement", _of(replacement.get_replacement)),
    ("POST", f"{_ONE}/replacement", _of(replacement.start_replacement)),
    ("DELETE", f"{_ONE}/replacement", _of(replacement.cancel_replacement)),
    ("GET", f"{_ONE}/history", _of(replacement.get_history)),
    ("GET", f"{_ONE}/protons", _of(protons.list_protons)),
    ("GET", f"{_ONE}/protons/{{proton_id}}", _of(protons.get_proton)),
    ("GET", f"{_ONE}/protons/{{proton_id}}/statusDetails", _of(protons.get_status_details)),
    ("GET", f"{_ONE}/sharedRoles", _of(lambda call, workload: list_roles(call, workload["id"]))),
    ("PATCH", f"{_ONE}/sharedRoles", _of(lambda call, workload: update_roles(call, workload["id"]))),
    ("GET", f"{_ONE}/stats", _of(stats.get_stats)),
    ("DELETE", f"{_ONE}/stats", _of(stats.reset_stats)),
    ("GET", f"{_ONE}/stats/{{metric_name}}", _of(stats.get_series)),
)
