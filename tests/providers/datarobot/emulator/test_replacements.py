"""Rolling replacements: how they run, end, fail, queue and are refused."""

from __future__ import annotations

from typing import Any

import pytest

from wlinfra_datarobot.emulator import Quirks


def _watch(platform: Any, chat: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Return the distinct pairs of workload status and replacement status as time passes."""
    seen = []
    for _ in range(60):
        now = platform.get(chat)
        seen.append((now["status"], now["replacement"] and now["replacement"]["status"]))
        platform.clock.advance(0.1)
    return list(dict.fromkeys(seen))


@pytest.mark.parametrize(
    ("dialect", "names"),
    [
        ("2026-06", ["submitted", "initializing", "awaiting_promotion", "switching", "cleaning_up", "completed"]),
        ("2026-10", ["submitted", "initializing", "staged", "promoting", "finalizing", "completed"]),
    ],
)
def test_replacement_walks_through_its_statuses_and_vanishes(
    make_platform: Any, dialect: str, names: list[str]
) -> None:
    platform = make_platform(dialect)
    chat = platform.running()
    successor = platform.artifact("next")["id"]

    platform.replace(chat, successor)

    assert _watch(platform, chat) == [*(("running", name) for name in names), ("running", None)]
    after = platform.get(chat)
    assert (after["artifactId"], after["endpoint"]) == (successor, chat["endpoint"])
    gone = platform.api.call("GET", f"/workloads/{chat['id']}/replacement")
    assert (gone.status, gone.body["detail"]) == (404, "There is no active replacement for this workload.")
    assert [row["status"] for row in platform.get(chat, "history")["data"]] == ["completed"]


def test_candidate_stands_beside_the_active_proton(platform: Any) -> None:
    chat = platform.running()

    platform.settings(chat, replicaCount=3)

    roles = {row["id"]: row["role"] for row in platform.get(chat, "protons")["data"]}
    assert sorted(roles.values()) == ["active", "candidate"]
    assert roles[platform.get(chat)["protonId"]] == "active"
    platform.clock.advance(10)
    assert [row["role"] for row in platform.get(chat, "protons")["data"]] == ["active"]
    assert platform.get(chat)["runtime"]["containerGroups"][0]["replicaCount"] == 3


def test_failed_replacement_stays_and_the_old_one_serves(platform: Any) -> None:
    chat = platform.running()
    platform.replace(chat, platform.artifact("bad", image="i:does-not-exist")["id"])
    platform.clock.advance(3600)

    now = platform.get(chat)
    record = platform.get(chat, "replacement")
    assert (now["status"], now["artifactId"], now["replacement"]["status"]) == (
        "running",
        chat["artifactId"],
        "errored",
    )
    assert "ErrImagePull" in record["message"]
    assert record["switchedAt"] is None
    assert platform.replace(chat, platform.artifact("good")["id"]).status == 202
    platform.clock.advance(10)
    assert platform.get(chat)["artifact"]["name"] == "good"


def test_cancelled_replacement_changes_nothing(platform: Any) -> None:
    chat = platform.running()
    platform.replace(chat, platform.artifact("next")["id"])

    cancelled = platform.api.call("DELETE", f"/workloads/{chat['id']}/replacement")

    assert (cancelled.status, cancelled.body) == (202, {})
    assert platform.get(chat)["replacement"]["status"] == "canceling"
    platform.clock.advance(10)
    assert (platform.get(chat)["replacement"], platform.get(chat)["protonId"]) == (None, chat["protonId"])


def test_second_replacement_waits_its_turn(platform: Any) -> None:
    chat = platform.running()
    first, second = platform.artifact("first")["id"], platform.artifact("second")["id"]

    assert [platform.replace(chat, one).status for one in (first, second)] == [202, 202]
    platform.clock.advance(5)
    assert platform.get(chat)["artifactId"] == first
    platform.clock.advance(5)
    assert platform.get(chat)["artifactId"] == second


def test_second_replacement_can_be_refused(make_platform: Any) -> None:
    platform = make_platform(quirks=Quirks(second_replacement="refuse"))
    chat = platform.running()
    platform.replace(chat, platform.artifact("first")["id"])

    assert platform.replace(chat, platform.artifact("second")["id"]).status == 422


def test_settings_wait_for_the_replacement(platform: Any) -> None:
    chat = platform.running()
    platform.replace(chat, platform.artifact("next")["id"])

    assert platform.settings(chat, replicaCount=2).status == 409


def test_draft_and_locked_do_not_mix(platform: Any) -> None:
    chat = platform.running()

    answer = platform.replace(chat, platform.artifact(status="draft")["id"])

    assert answer.status == 400
    assert answer.body["detail"].startswith("Artifact status mismatch:")


def test_same_locked_artifact_is_refused_and_the_same_draft_rolls(platform: Any) -> None:
    locked, draft = platform.running(), platform.running("two", platform.artifact(status="draft")["id"])

    refused = platform.replace(locked, locked["artifactId"])

    assert (refused.status, refused.body) == (422, {"detail": "Cannot replace with the same artifact"})
    assert platform.replace(draft, draft["artifactId"]).status == 202


def test_edited_draft_runs_only_after_a_roll(platform: Any) -> None:
    draft = platform.artifact(status="draft", image="ghcr.io/acme/chat:1")
    chat = platform.running(artifact=draft["id"])
    spec = {"containerGroups": [{"containers": [{"name": "main", "imageUri": "ghcr.io/acme/chat:2", "port": 8080}]}]}
    platform.api.ok("PATCH", f"/artifacts/{draft['id']}", {"spec": spec})

    def running() -> list[str]:
        images: list[str] = platform.api.ok("GET", f"/endpoints/workloads/{chat['id']}/")["images"]
        return images

    before = running()
    platform.settings(chat)
    platform.clock.advance(10)
    assert (before, running()) == (["ghcr.io/acme/chat:1"], ["ghcr.io/acme/chat:2"])


def test_warm_up_delays_the_switch(platform: Any) -> None:
    chat = platform.running()
    platform.replace(chat, platform.artifact("next")["id"], config={"warmupDurationMinutes": 50})

    platform.clock.advance(5)
    assert platform.get(chat)["replacement"]["status"] == "staged"
    platform.clock.advance(10)
    assert platform.get(chat)["artifact"]["name"] == "next"


def test_stopped_workload_takes_settings_and_stays_stopped(platform: Any) -> None:
    chat = platform.running()
    platform.post(chat, "stop")
    platform.clock.advance(10)

    assert platform.settings(chat, replicaCount=2).status == 202
    platform.clock.advance(10)

    after = platform.get(chat)
    assert (after["status"], after["replacement"]) == ("stopped", None)
    assert after["runtime"]["containerGroups"][0]["replicaCount"] == 2


def test_promotion_locks_the_running_draft(platform: Any) -> None:
    chat = platform.running(artifact=platform.artifact(status="draft")["id"])
    platform.api.ok("GET", f"/endpoints/workloads/{chat['id']}/")

    assert platform.post(chat, "promote").status == 202

    after = platform.get(chat)
    assert (after["artifact"]["status"], after["artifact"]["version"], after["protonId"]) == (
        "locked",
        1,
        chat["protonId"],
    )
    assert after["requestStats"]["totalRequests"] == 0
    assert platform.get(chat, "history")["totalCount"] == 1
    platform.clock.advance(9 * 3600)
    assert platform.get(chat)["status"] == "running"


def test_promotion_is_refused_in_three_cases(platform: Any) -> None:
    locked = platform.running()
    starting = platform.workload("two", platform.artifact(status="draft")["id"])
    rolling = platform.workload("three", platform.artifact(status="draft")["id"])
    platform.clock.advance(10)
    platform.post(starting, "stop")
    platform.settings(rolling, replicaCount=2)

    assert [platform.post(one, "promote").status for one in (locked, starting, rolling)] == [422, 422, 422]
