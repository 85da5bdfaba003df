"""Request statistics, counted per proton and minute by `invoke.py` and read back in every form the API has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from wlinfra.emulation import Document, Response, json_response

from .errors import ApiError, invalid
from .world import Call, stamp

DAY = 86_400.0
_PERIODS = 7
_MOST_BUCKETS = 10_000
_RESOLUTIONS = {"PT1M": 60.0, "PT5M": 300.0, "PT1H": 3600.0, "P1D": DAY, "P7D": 7 * DAY, "P1M": 30 * DAY}
_METRICS = (
    "totalRequests", "requestsOverN", "requestsPerMinute", "concurrentRequests", "responseTime", "totalErrorRate"
)  # fmt: skip


@dataclass(slots=True)
class RequestStats:
    """Requests added up over some time."""

    count: int = 0
    user_errors: int = 0
    server_errors: int = 0
    millis: dict[int, int] = field(default_factory=dict)
    """How many requests took so many milliseconds."""

    def add(self, row: Document) -> None:
        """Add one minute of one proton."""
        self.count += row["count"]
        self.user_errors += row["user"]
        self.server_errors += row["server"]
        for millis, count in row["millis"].items():
            self.millis[int(millis)] = self.millis.get(int(millis), 0) + count

    @property
    def errors(self) -> int:
        """All requests answered with 4xx or 5xx."""
        return self.user_errors + self.server_errors

    def share(self, part: int) -> float:
        """Return a part of the requests as a fraction of all."""
        return part / self.count if self.count else 0.0

    def slower_than(self, threshold: int) -> int:
        """Return how many requests took longer than so many milliseconds."""
        return sum(count for millis, count in self.millis.items() if millis > threshold)

    def quantile(self, fraction: float) -> int:
        """Return the response time in milliseconds that this fraction of the requests stayed within."""
        left = fraction * self.count
        for millis, count in sorted(self.millis.items()):
            left -= count
            if left <= 0:
                return millis
        return max(self.millis, default=0)


def count_request(call: Call, proton_id: str, status: int, millis: int) -> None:
    """Add one request that a proton answered."""
    minute = int(call.now // 60)
    key = f"{proton_id}:{minute}"
    empty: Document = {"protonId": proton_id, "minute": minute, "count": 0, "user": 0, "server": 0, "millis": {}}
    row: Document = call.tx.get("traffic", key) or empty
    times = {**row["millis"], str(millis): row["millis"].get(str(millis), 0) + 1}
    changed = {
        "count": row["count"] + 1,
        "user": row["user"] + (400 <= status < 500),
        "server": row["server"] + (status >= 500),
        "millis": times,
        "last": call.now,
    }
    call.tx.put("traffic", key, {**row, **changed})


def forget(call: Call, proton_id: str) -> None:
    """Drop everything counted for a proton."""
    for row in call.tx.where("traffic", "protonId", proton_id):
        call.tx.delete("traffic", f"{proton_id}:{row['minute']}")


def request_stats(call: Call, proton_id: str) -> dict[str, Any]:
    """Return what a workload shows of its traffic: totals, and rates of the last seven days."""
    rows = call.tx.where("traffic", "protonId", proton_id)
    total = _sum(rows)
    days = [_between(rows, call.now - (age + 1) * DAY, call.now - age * DAY) for age in reversed(range(_PERIODS))]
    last = max((row["last"] for row in rows), default=None)
    return {
        "totalRequests": total.count,
        "concurrentRequests": 0,
        "errorRate": total.share(total.errors),
        "errorRates": [round(100 * day.share(day.errors)) for day in days],
        "requestRates": [day.count for day in days],
        "responseTime": total.quantile(0.5),
        "lastRequestAt": None if last is None else stamp(last),
    }


def last_response(call: Call, proton_id: str) -> str | None:
    """Return when a proton last answered."""
    rows = call.tx.where("traffic", "protonId", proton_id)
    return stamp(max(row["last"] for row in rows)) if rows else None


def get_stats(call: Call, workload: Document) -> Response:
    """Answer GET /workloads/{id}/stats."""
    proton = _proton(call, workload)
    start, end = _range(call, proton)
    tally = _between(call.tx.where("traffic", "protonId", proton["id"]), start, end)
    return json_response(
        {
            "period": {"start": stamp(start), "end": stamp(end)},
            "metrics": {
                "totalRequests": tally.count,
                "slowRequests": tally.slower_than(call.number("slowRequestsThreshold", 2000)),
                "responseTime": tally.quantile(_quantile(call)),
                "requestsPerMinute": round(60 * tally.count / max(60.0, end - start)),
                "concurrentRequests": 0,
                "serverErrors": tally.server_errors,
                "userErrors": tally.user_errors,
                "serverErrorRate": tally.share(tally.server_errors),
                "userErrorRate": tally.share(tally.user_errors),
                "totalErrorRate": tally.share(tally.errors),
            },
        }
    )


def reset_stats(call: Call, workload: Document) -> Response:
    """Answer DELETE /workloads/{id}/stats: forgets a range, or everything."""
    proton = _proton(call, workload)
    start, end = _range(call, proton)
    for row in call.tx.where("traffic", "protonId", proton["id"]):
        if start - 60 < row["minute"] * 60 <= end:
            call.tx.delete("traffic", f"{proton['id']}:{row['minute']}")
    return Response(status=204)


def get_series(call: Call, workload: Document) -> Response:
    """Answer GET /workloads/{id}/stats/{metric}: one value per bucket of the resolution."""
    metric = call.request.params["metric_name"]
    if metric not in _METRICS:
        raise invalid(("path", "metric_name"), f"Input should be one of {', '.join(_METRICS)}", "enum", metric)
    name = call.value("resolution") or "PT1H"
    if name not in _RESOLUTIONS:
        raise invalid(("query", "resolution"), f"Input should be one of {', '.join(_RESOLUTIONS)}", "enum", name)
    proton = _proton(call, workload)
    start, end = _range(call, proton)
    step = _RESOLUTIONS[name]
    if (end - start) / step > _MOST_BUCKETS:
        raise ApiError(400, "The time range has too many buckets at this resolution.")
    rows = call.tx.where("traffic", "protonId", proton["id"])
    buckets = []
    moment = start // step * step
    while moment < end:
        value = _metric(call, metric, _between(rows, moment, moment + step), step)
        buckets.append({"period": {"start": stamp(moment), "end": stamp(moment + step)}, "value": value})
        moment += step
    summary = {"protonId": proton["id"], "period": {"start": stamp(start), "end": stamp(end)}}
    return json_response({"metric": metric, "summary": summary, "buckets": buckets})


def _metric(call: Call, metric: str, tally: RequestStats, seconds: float) -> float:
    match metric:
        case "totalRequests":
            return tally.count
        case "requestsOverN":
            return tally.slower_than(call.number("slowRequestsThreshold", 2000))
        case "requestsPerMinute":
            return 60 * tally.count / seconds
        case "responseTime":
            return tally.quantile(_quantile(call))
        case "totalErrorRate":
            return tally.share(tally.errors)
        case _:
            return 0


def _proton(call: Call, workload: Document) -> Document:
    key = call.value("protonId") or workload["protonId"]
    proton = call.tx.get("protons", key)
    if proton is None or proton["workloadId"] != workload["id"]:
        raise ApiError(404, f"Proton {key} not found")
    return proton


def _range(call: Call, proton: Document) -> tuple[float, float]:
    """Return the time range asked for: by default from the proton's first minute until now."""
    start = _moment(call, "startTime", proton["createdAt"] // 60 * 60)
    end = _moment(call, "endTime", call.now)
    if start > end:
        raise ApiError(400, "The start of the time range lies after its end.")
    return start, end


def _moment(call: Call, name: str, default: float) -> float:
    text = call.value(name)
    if text is None:
        return default
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise invalid(("query", name), "Input should be a valid datetime", "datetime_parsing", text) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def _quantile(call: Call) -> float:
    text = call.value("responseTimeQuantile")
    try:
        quantile = 0.5 if text is None else float(text)
    except ValueError:
        quantile = -1.0
    if not 0 <= quantile <= 1:
        where = ("query", "responseTimeQuantile")
        raise invalid(where, "Input should be a fraction between 0 and 1", "less_than_equal", text)
    return quantile


def _between(rows: Iterable[Document], start: float, end: float) -> RequestStats:
    return _sum(row for row in rows if start - 60 < row["minute"] * 60 < end)


def _sum(rows: Iterable[Document]) -> RequestStats:
    tally = RequestStats()
    for row in rows:
        tally.add(row)
    return tally
