"""Which request a planned fault strikes."""

from __future__ import annotations

from typing import Any

import pytest

from wlinfra.emulation import Delay, Drop, Fault, FaultPlan, Phase, Reply, Request, Truncate
from wlinfra.emulation.faults import fault_from_json

GET = Request(method="GET", path="/things")
POST = Request(method="POST", path="/things")


def _struck(plan: FaultPlan, requests: list[Request], now: float = 0.0) -> list[bool]:
    return [bool(plan.due(request, now)) for request in requests]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, [True, False, False, False]),
        ({"at": 3}, [False, False, True, False]),
        ({"at": 2, "mutating": True}, [False, False, False, True]),
        ({"method": "GET", "times": None}, [True, False, True, False]),
        ({"path": "^/other"}, [False, False, False, False]),
        ({"at": 2, "times": 2}, [False, True, True, False]),
    ],
    ids=["first", "third", "second-mutating", "every-get", "other-path", "two-in-a-row"],
)
def test_fault_strikes_the_request_it_was_planned_for(where: dict[str, Any], expected: list[bool]) -> None:
    plan = FaultPlan()
    plan.on(Drop(), **where)

    assert _struck(plan, [GET, POST, GET, POST]) == expected


def test_fault_that_is_over_is_no_longer_planned() -> None:
    plan = FaultPlan()
    plan.on(Drop())
    planned = len(plan.planned)
    _struck(plan, [GET])

    assert (planned, len(plan.planned)) == (1, 0)


def test_rate_limit_refills_with_the_clock() -> None:
    plan = FaultPlan()
    plan.limit_rate(2)

    assert _struck(plan, [GET] * 3, now=100.0) == [False, False, True]
    assert _struck(plan, [GET] * 2, now=100.5) == [False, True]
    plan.limit_rate(None)
    assert _struck(plan, [GET] * 3, now=100.5) == [False] * 3


def test_rate_limit_answers_with_retry_after() -> None:
    plan = FaultPlan()
    plan.limit_rate(1)
    plan.due(GET, 0.0)

    match plan.due(GET, 0.0):
        case [Fault(action=Reply(status=429, headers={"Retry-After": "1"}))]:
            pass
        case other:
            pytest.fail(f"got {other}")


def test_fault_is_read_from_json() -> None:
    wish = {
        "action": "reply",
        "status": 503,
        "headers": {"Retry-After": "2"},
        "at": 4,
        "phase": "after",
        "mutating": True,
    }

    fault = fault_from_json(wish)

    assert fault == Fault(action=Reply(503, {"Retry-After": "2"}), at=4, phase=Phase.AFTER, mutating=True)
    with pytest.raises(ValueError, match="action must be"):
        fault_from_json({"action": "explode"})


@pytest.mark.parametrize(
    ("wish", "action"),
    [
        ({"action": "drop"}, Drop()),
        ({"action": "delay", "seconds": 0.5}, Delay(0.5)),
        ({"action": "truncate", "keep": 3}, Truncate(3)),
    ],
)
def test_every_action_is_read_from_json(wish: dict[str, Any], action: Any) -> None:
    assert fault_from_json(wish).action == action


def test_fault_before_the_first_request_is_refused() -> None:
    with pytest.raises(ValueError, match="at=0"):
        Fault(action=Drop(), at=0)
