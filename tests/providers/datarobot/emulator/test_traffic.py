"""The invoke URL and what is counted from it."""

from __future__ import annotations

from typing import Any


def _invoke(platform: Any, chat: dict[str, Any], status: int = 200, millis: int = 12) -> int:
    path = chat["endpoint"].removeprefix(platform.emulator.url) + "v1/chat"
    headers = {"X-Emulator-Status": str(status), "X-Emulator-Latency-Ms": str(millis)}
    answered: int = platform.api.call("POST", path, {}, **headers).status
    return answered


def test_only_a_running_workload_is_served(platform: Any) -> None:
    chat = platform.workload()
    before = _invoke(platform, chat)
    platform.clock.advance(10)
    during = _invoke(platform, chat)
    platform.post(chat, "stop")
    platform.clock.advance(10)

    assert (before, during, _invoke(platform, chat)) == (503, 200, 503)
    assert platform.api.call("GET", "/endpoints/workloads/none/").status == 404


def test_requests_are_counted_by_outcome_and_time(platform: Any) -> None:
    chat = platform.running()
    for status, millis in ((200, 10), (200, 20), (404, 30), (500, 4000)):
        _invoke(platform, chat, status, millis)

    metrics = platform.get(chat, "stats?responseTimeQuantile=0.75&slowRequestsThreshold=1000")["metrics"]

    assert (metrics["totalRequests"], metrics["userErrors"], metrics["serverErrors"]) == (4, 1, 1)
    assert (metrics["responseTime"], metrics["slowRequests"], metrics["totalErrorRate"]) == (30, 1, 0.5)


def test_series_has_a_value_per_bucket(platform: Any) -> None:
    chat = platform.running()
    for count in (2, 0, 1):
        for _ in range(count):
            _invoke(platform, chat)
        platform.clock.advance(60)

    series = platform.get(chat, "stats/totalRequests?resolution=PT1M")

    assert [bucket["value"] for bucket in series["buckets"]][:3] == [2, 0, 1]
    assert series["summary"]["protonId"] == chat["protonId"]


def test_statistics_can_be_reset(platform: Any) -> None:
    chat = platform.running()
    _invoke(platform, chat)

    platform.api.ok("DELETE", f"/workloads/{chat['id']}/stats")

    assert platform.get(chat)["requestStats"]["totalRequests"] == 0


def test_all_workloads_are_added_up(platform: Any) -> None:
    for name in ("one", "two"):
        _invoke(platform, platform.running(name))
    platform.workload("three")

    total = platform.api.ok("GET", "/workloads/stats?search=o")

    assert total["workloads"] == {"active": 2, "total": 2}
    assert (total["requests"]["total"], total["requests"]["failed"]) == (2, 0)
