"""Protons: the running copies of a workload, each with the specification it was started with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wlinfra.emulation import Document, Response, json_response

from .errors import not_found
from .lifecycle import began, entry_at, launch, outcome, status_at
from .validate import choose_bundle, show_runtime
from .world import USER, Call, Dialect, new_id, page, require, stamp

_HIDDEN = {"initializing": "launching", "warming": "launching", "draining": "running", "restarting": "launching"}
_GONE = "terminated"


def start_proton(call: Call, owner: Document, artifact: Document, runtime: Document, *, role: str) -> Document:
    """Store a proton that starts now and return it; its specification never changes again."""
    ends_in, reason, message = _fate(call, artifact, runtime)
    draft = artifact["status"] == "draft"
    key = new_id(call.now)
    proton = {
        "id": key,
        "workloadId": owner["id"],
        "name": f"{owner['name']}-{key[-6:]}",
        "artifactId": artifact["id"],
        "holds": artifact["id"],
        "spec": artifact["spec"],
        "draft": draft,
        "runtime": runtime,
        "role": role,
        "createdAt": call.now,
        "timeline": launch(call.now, call.settings.durations, ends_in=ends_in, draft=draft),
        "reason": reason,
        "message": message,
    }
    call.tx.put("protons", key, proton)
    return proton


def relaunch(call: Call, proton: Document) -> None:
    """Start a stopped proton again, with the specification it has."""
    artifact = {"spec": proton["spec"], "status": "draft" if proton["draft"] else "locked"}
    ends_in, reason, message = _fate(call, artifact, proton["runtime"])
    timeline = launch(call.now, call.settings.durations, ends_in=ends_in, draft=bool(proton["draft"]))
    call.tx.put("protons", proton["id"], {**proton, "timeline": timeline, "reason": reason, "message": message})


def change(call: Call, key: str, **attributes: Any) -> None:
    """Change attributes of a proton."""
    proton = call.tx.get("protons", key)
    if proton is not None:
        call.tx.put("protons", key, {**proton, **attributes})


def workload_status(call: Call, proton: Document | None) -> str:
    """Return the status of the workload whose active proton this is."""
    if proton is None:
        return "unknown"
    status = status_at(proton["timeline"], call.now)
    return _HIDDEN.get(status, status)


def snapshot(call: Call, proton: Document) -> dict[str, Any] | None:
    """Return what a proton's replicas report, or None before the first report."""
    began_at, status = entry_at(proton["timeline"], call.now)
    if status == "submitted":
        return None
    group = proton["runtime"]["containerGroups"][0]
    scaling = group["autoscaling"]
    replicas = max(1, scaling["min"]) if scaling is not None and scaling["enabled"] else group["replicaCount"] or 1
    gone = status == _GONE or (status == "stopped" and call.dialect is Dialect.JUNE)
    return {
        "overallStatus": {
            "state": status,
            "summary": _summary(call, proton, status),
            "lastUpdated": stamp(began_at),
        },
        "replicas": [] if gone else [_replica(call, proton, index, status, began_at) for index in range(replicas)],
    }


def _summary(call: Call, proton: Document, status: str) -> str:
    if call.dialect is Dialect.OCTOBER:
        return f"Workload is in state {status} based on pod states"
    return f"{proton['reason']}: {proton['message']}" if status != "running" and proton["reason"] else status


def show(call: Call, proton: Document) -> dict[str, Any]:
    """Return a proton as answered."""
    moment, status = entry_at(proton["timeline"], call.now)
    running = began(proton["timeline"], "running")
    containers = [one for group in proton["spec"]["containerGroups"] for one in group["containers"]]
    images = {one["name"]: one["imageUri"] or "" for one in containers}
    return {
        **({"deployedImages": images} if call.dialect is Dialect.OCTOBER else {}),
        "id": proton["id"],
        "name": proton["name"],
        "workloadId": proton["workloadId"],
        "artifactId": proton["artifactId"],
        "status": status,
        "role": proton["role"],
        "runtime": show_runtime(call, proton["runtime"], scheduled=status != "submitted"),
        "endpoint": f"{call.public_url}/endpoints/workloads/{proton['workloadId']}?protonId={proton['id']}",
        "runningSince": stamp(running) if status == "running" and running is not None else None,
        "creator": dict(USER),
        "createdAt": stamp(proton["createdAt"]),
        "updatedAt": stamp(moment),
    }


def list_protons(call: Call, workload: Document) -> Response:
    """Answer with the protons that still exist, oldest first."""
    rows = [row for row in call.tx.where("protons", "workloadId", workload["id"]) if _exists(call, row)]
    return page(call, rows, lambda row: show(call, row))


def get_proton(call: Call, workload: Document) -> Response:
    """Answer with one proton."""
    return json_response(show(call, named(call, workload)))


def get_status_details(call: Call, workload: Document) -> Response:
    """Answer with the newest report of a proton's replicas, 204 while there is none."""
    report = snapshot(call, named(call, workload))
    return Response(status=204) if report is None else json_response(report)


def named(call: Call, workload: Document) -> Document:
    """Return the proton of the path; raises the 404 for one of another workload."""
    key = call.request.params["proton_id"]
    proton = require(call.tx.get("protons", key), not_found("Proton", key))
    if proton["workloadId"] != workload["id"]:
        raise not_found("Proton", key)
    return proton


def _exists(call: Call, proton: Document) -> bool:
    return status_at(proton["timeline"], call.now) != _GONE


def _fate(call: Call, artifact: Mapping[str, Any], runtime: Document) -> tuple[str, str, str]:
    for group in runtime["containerGroups"]:
        wanted = group.get("resourceBundles")
        if wanted and choose_bundle(call, wanted) is None:
            return "provisioning", "Unschedulable", f"no node has room for {', '.join(wanted)}"
    return outcome(artifact["spec"])


def _replica(call: Call, proton: Document, index: int, status: str, moment: float) -> dict[str, Any]:
    started = began(proton["timeline"], "launching")
    ready, ended = status == "running", status == "stopped"
    usual = {"provisioning": "ContainerCreating", "stopped": "PodCompleted"}.get(status, "ContainersNotReady")
    reason = "" if ready else proton["reason"] or usual
    message = "" if ready else proton["message"]
    waits = proton["reason"] == "Unschedulable"
    return {
        "name": f"{proton['name']}-{index}",
        "status": "running" if ready else "succeeded" if ended else "pending",
        "address": f"10.0.0.{index + 10}",
        "nodeAddress": "" if waits else "10.1.0.1",
        "startedAt": stamp(started) if started is not None and started <= moment else None,
        "conditions": [
            _condition("PodScheduled", not waits, moment, reason if waits else "", message if waits else ""),
            _condition("Ready", ready, moment, "" if waits else reason, "" if waits else message),
        ],
        "containers": [
            {
                "name": container["name"],
                "status": "running" if ready else "terminated" if ended else "waiting",
                "startedAt": stamp(moment) if ready else None,
                "ready": ready,
                "restartCount": 3 if reason == "CrashLoopBackOff" else 0,
                "image": container["imageUri"] or "",
                **(_why(reason, message, moment, ended=ended) if call.dialect is Dialect.OCTOBER else {}),
            }
            for group in proton["spec"]["containerGroups"]
            for container in group["containers"]
        ],
    }


def _why(reason: str, message: str, moment: float, *, ended: bool) -> dict[str, Any]:
    """Return why a container is not running, with how its last run ended where it crashes."""
    crashed = {"status": "terminated", "reason": "Error", "exitCode": 1, "message": ""}
    return {
        "reason": "Completed" if ended else reason,
        "exitCode": 0 if ended else None,
        "message": message,
        "lastState": {**crashed, "startedAt": stamp(moment), "finishedAt": stamp(moment)}
        if reason == "CrashLoopBackOff"
        else None,
    }


def _condition(kind: str, value: bool, moment: float, reason: str, message: str) -> dict[str, Any]:
    return {"type": kind, "value": value, "lastTransitionTime": stamp(moment), "reason": reason, "message": message}
