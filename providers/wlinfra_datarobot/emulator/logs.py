"""The log lines of workloads and artifacts."""

from __future__ import annotations

from typing import Any

from wlinfra.emulation import Response

from . import artifacts, workloads
from .world import Call, RouteTable, page, stamp


def workload_logs(call: Call) -> Response:
    """Answer GET /otel/workload/{id}/logs with a line per status that its protons went through."""
    workload = workloads.find(call, call.request.params["workload_id"])
    lines = [
        _line(moment, "ERROR" if name == "errored" else "INFO", f"{proton['name']}: {name} {proton['message']}".strip())
        for proton in call.tx.where("protons", "workloadId", workload["id"])
        for moment, name in proton["timeline"]
        if moment <= call.now
    ]
    return page(call, sorted(lines, key=lambda line: str(line["timestamp"])), dict)


def artifact_logs(call: Call) -> Response:
    """Answer GET /otel/artifact/{id}/logs with a line per stage of its builds."""
    artifact = artifacts.find(call, call.request.params["artifact_id"])
    lines = [
        _line(moment, "ERROR" if name == "FAILED" else "INFO", f"{build['container']}: {name}")
        for build in call.tx.where("builds", "artifactId", artifact["id"])
        for moment, name in build["timeline"]
        if moment <= call.now
    ]
    return page(call, lines, dict)


def _line(moment: float, level: str, message: str) -> dict[str, Any]:
    return {"timestamp": stamp(moment), "level": level, "message": message}


ROUTES: RouteTable = (
    ("GET", "/otel/workload/{workload_id}/logs", workload_logs),
    ("GET", "/otel/artifact/{artifact_id}/logs", artifact_logs),
)
