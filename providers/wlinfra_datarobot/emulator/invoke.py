"""The invoke URL of a running workload: a plain answer that is counted into the statistics.

The request decides what the application answers: `X-Emulator-Status` and `X-Emulator-Latency-Ms`. The latency is
counted, not waited for, so that statistics of any age and shape can be made with the clock.
"""

from __future__ import annotations

from typing import Any

from wlinfra.emulation import Document, Response, json_response

from .errors import ApiError
from .lifecycle import images
from .stats import count_request
from .workloads import find, status
from .world import Call, RouteTable

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def invoke(call: Call) -> Response:
    """Answer a request to the application: 404 without the workload, 503 while it does not run."""
    workload = find(call, call.request.params["workload_id"])
    if status(call, workload) != "running":
        raise ApiError(503, f"The workload is not running, it is {status(call, workload)}.")
    code = _header(call, "x-emulator-status", 200)
    millis = _header(call, "x-emulator-latency-ms", 12)
    count_request(call, workload["protonId"], code, millis)
    return json_response(_answer(call, workload), code)


def _answer(call: Call, workload: Document) -> dict[str, Any]:
    proton = call.tx.all("protons")[workload["protonId"]]
    return {
        "workload": workload["name"],
        "artifactId": workload["artifactId"],
        "protonId": workload["protonId"],
        "images": images(proton["spec"]),
        "method": call.request.method,
        "path": "/" + call.request.params["path"],
    }


def _header(call: Call, name: str, default: int) -> int:
    text = call.request.headers.get(name, "")
    return int(text) if text.isdigit() else default


ROUTES: RouteTable = tuple((method, "/endpoints/workloads/{workload_id}/{path...}", invoke) for method in _METHODS)
