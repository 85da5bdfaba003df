"""Statistics over many workloads: GET /workloads/stats."""

from __future__ import annotations

from wlinfra.emulation import Response, json_response

from .stats import DAY, RequestStats
from .workloads import matching, status
from .world import Call, RouteTable


def list_stats(call: Call) -> Response:
    """Answer GET /workloads/stats: all matching workloads added up, today against yesterday."""
    rows = matching(call)
    today, before = RequestStats(), RequestStats()
    for row in rows:
        traffic = call.tx.where("traffic", "protonId", row["protonId"])
        for one in traffic:
            age = call.now - one["minute"] * 60
            if age < DAY:
                today.add(one)
            elif age < 2 * DAY:
                before.add(one)
    active = sum(status(call, row) == "running" for row in rows)
    failed, slow, slow_before = today.errors, today.quantile(0.5), before.quantile(0.5)
    return json_response(
        {
            "workloads": {"active": active, "total": len(rows)},
            "requests": {
                "total": today.count,
                "failed": failed,
                "succeeded": today.count - failed,
                "trend": _trend(today.count, before.count),
            },
            "errorRate": {
                "rate": today.share(failed),
                "trend": _trend(today.share(failed), before.share(before.errors)),
            },
            "responseTime": {"millis": slow, "trend": _trend(slow, slow_before)},
            "concurrentRequests": {"count": 0, "trend": 0.0},
        }
    )


def _trend(now: float, before: float) -> float:
    return (now - before) / before if before else 0.0


ROUTES: RouteTable = (("GET", "/workloads/stats", list_stats),)
