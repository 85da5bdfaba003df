"""Many objects are awaited with one list call, and the platform's reason is told."""

from __future__ import annotations

from collections.abc import Iterator

from support.datarobot_stage import Stage, chat, server

import wlinfra as wl
from wlinfra.emulation import Reply
from wlinfra.provider.base import Failed, Ready, Waiting, WaitingStill
from wlinfra.values import Address


def _many() -> Iterator[wl.Resource]:
    what = server()
    yield what
    for number in range(40):
        yield wl.Workload(f"chat{number}", artifact=what)


def _waiting(identity: str | None, goal: str = "ready", **details: object) -> Waiting:
    return Waiting(address=Address("workload.chat"), kind="workload", id=identity, goal=goal, details=details)


def test_forty_are_asked_for_at_once(stage: Stage) -> None:
    stage.apply(_many)
    ids = [row["id"] for row in stage.api.ok("GET", "/workloads?limit=100")["data"]]
    connection = stage.connection()
    stage.calls()
    statuses = connection.poll([_waiting(identity) for identity in ids])
    assert all(isinstance(status, Ready) for status in statuses)
    assert len(stage.emulator.requests) == 1


def test_the_reason_is_the_platforms_own(stage: Stage) -> None:
    stage.apply(chat(artifact={"image": "acme/never-ready:1"}), wait=False)
    stage.clock.advance(30)
    (status,) = stage.connection().poll([_waiting(stage.workload()["id"])])
    assert isinstance(status, WaitingStill)
    assert status.reason.startswith("launching")
    assert "false" in status.reason


def test_one_that_is_gone_is_gone_and_no_longer_ready(stage: Stage) -> None:
    gone, ready = stage.connection().poll([_waiting("0" * 24, "gone"), _waiting("0" * 24)])
    assert isinstance(gone, Ready)
    assert isinstance(ready, Failed)


def test_a_failed_question_is_asked_again_and_a_bad_token_is_not(stage: Stage) -> None:
    stage.options["retries"] = 0
    connection = stage.connection()
    stage.emulator.faults.on(Reply(503), method="GET")
    assert isinstance(connection.poll([_waiting("0" * 24)])[0], WaitingStill)
    stage.emulator.faults.on(Reply(403), method="GET")
    assert isinstance(connection.poll([_waiting("0" * 24)])[0], Failed)


def test_a_roll_that_was_cancelled_has_failed(stage: Stage) -> None:
    stage.apply(chat())
    workload = stage.workload()
    details = {"artifact_id": "0" * 24, "proton": workload["protonId"], "candidates": [], "rerolls": False}
    (status,) = stage.connection().poll([_waiting(workload["id"], "rolled", **details)])
    assert isinstance(status, Failed)
    assert "cancelled" in status.error.detail
