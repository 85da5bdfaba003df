"""The checker itself: it objects to what breaks the contract, and the overlay says where it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.contract import ContractChecker

import wlinfra_datarobot.emulator
from wlinfra.emulation import Request, Response, json_response

OVERLAY = Path(wlinfra_datarobot.emulator.__file__).parent / "contract" / "overlay.json"
MOMENT = "2026-01-01T00:00:00+00:00"
WORKLOAD = {"id": "1", "name": "w", "createdAt": MOMENT, "updatedAt": MOMENT}


def _get(path: str, value: Any, status: int = 200) -> tuple[Request, Response]:
    return Request(method="GET", path=f"/api/v2{path}"), json_response(value, status)


@pytest.mark.parametrize(
    ("exchange", "complaint"),
    [
        (_get("/workloads/1", {"id": "1"}), "GET /workloads/{workload_id} -> 200 breaks the contract"),
        (_get("/workloads/1", {**WORKLOAD, "colour": "red"}), "colour"),
        (_get("/workloads/1", WORKLOAD, 202), "answered 202"),
        (_get("/workloads/1", {"error": "no"}, 404), "-> 404 breaks the contract"),
        (_get("/workloads/1/protons/2/statusDetails", {}, 204), "has a body"),
        (_get("/artifacts/1", {"id": "1"}), "GET /artifacts/{artifact_id}"),
    ],
)
def test_broken_answer_is_named(exchange: tuple[Request, Response], complaint: str) -> None:
    with pytest.raises(AssertionError) as caught:
        ContractChecker("2026-06").check(*exchange)

    assert complaint in str(caught.value)


def test_accepted_body_is_checked_too() -> None:
    body = json.dumps({"name": "w", "colour": "red"}).encode()
    request = Request(method="PATCH", path="/api/v2/workloads/1", body=body)

    with pytest.raises(AssertionError, match=r"PATCH /workloads/\{workload_id\} accepted a body"):
        ContractChecker("2026-10").check(request, json_response(WORKLOAD))


def test_good_answer_passes_and_is_counted() -> None:
    checker = ContractChecker("2026-10")
    checker.check(*_get("/workloads/1", WORKLOAD))
    checker.check(*_get("/nowhere", {"anything": 1}))

    assert checker.seen == {"GET /workloads/{workload_id}"}


def test_dialects_differ_where_the_api_moved() -> None:
    replacement = {"status": "staged", "strategy": "rolling", "candidateProtonIds": []}
    exchange = _get("/workloads/1", {**WORKLOAD, "replacement": replacement})

    ContractChecker("2026-10").check(*exchange)
    with pytest.raises(AssertionError, match="replacement"):
        ContractChecker("2026-06").check(*exchange)


def test_every_entry_of_the_overlay_cites_its_evidence() -> None:
    overlay = json.loads(OVERLAY.read_text())
    entries = {**overlay["schemas"], "refusals": overlay["refusals"]}
    for dialect in overlay["dialects"].values():
        entries |= dialect["schemas"]
    for path, methods in overlay["paths"].items():
        entries |= {f"{method} {path}": operation for method, operation in methods.items()}

    assert [name for name, entry in entries.items() if not entry.get("x-evidence")] == []
