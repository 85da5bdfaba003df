"""What a workload did: statistics, events, past replacements, related objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from wlinfra_datarobot.client.calls import PAGE_SIZE, Methods, Pages, segment
from wlinfra_datarobot.client.wire import (
    AllStats,
    Event,
    MetricSeries,
    ProtonStats,
    Related,
    RelatedObjects,
    Replacement,
)
from wlinfra_datarobot.client.wire_common import Metric
from wlinfra_datarobot.client.workloads import WorkloadFilter

__all__ = ["Activity", "Resolution", "Stats", "StatsFilter", "StatsWindow"]


class Resolution(Enum):
    """The width of a bucket: mind the letter T, without which M is a month."""

    MINUTE = "PT1M"
    FIVE_MINUTES = "PT5M"
    HOUR = "PT1H"
    DAY = "P1D"
    WEEK = "P7D"
    MONTH = "P1M"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsWindow:
    """Which requests count: of the current proton and the platform's own period, unless said otherwise."""

    proton_id: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsFilter(StatsWindow):
    """Which requests count and how; the quantile is a fraction, the threshold is in milliseconds."""

    response_time_quantile: float | None = None
    slow_requests_threshold: int | None = None


class Stats(Methods):
    """Request statistics."""

    def everywhere(self, only: WorkloadFilter | None = None) -> AllStats:
        """Return the statistics of all workloads the filter selects together."""
        return self._calls.get("/workloads/stats", AllStats, self._calls.filters(only))

    def get(self, workload_id: str, only: StatsFilter | None = None) -> ProtonStats:
        """Return the statistics of one workload."""
        return self._calls.get(f"/workloads/{segment(workload_id)}/stats", ProtonStats, self._calls.filters(only))

    def series(
        self, workload_id: str, metric: Metric, only: StatsFilter | None = None, *, resolution: Resolution | None = None
    ) -> MetricSeries:
        """Return one metric over time."""
        query = {**self._calls.filters(only), "resolution": resolution}
        return self._calls.get(f"/workloads/{segment(workload_id)}/stats/{segment(metric)}", MetricSeries, query)

    def reset(self, workload_id: str, only: StatsWindow | None = None) -> None:
        """Forget the statistics in a window."""
        self._calls.delete(f"/workloads/{segment(workload_id)}/stats", self._calls.filters(only))


class Activity(Methods):
    """Events, history and relations of a workload."""

    def events(self, workload_id: str, *, offset: int = 0, limit: int = PAGE_SIZE) -> Pages[Event]:
        """Return the events of a workload."""
        return self._calls.pages(f"/workloads/{segment(workload_id)}/events", Event, {}, offset=offset, limit=limit)

    def history(self, workload_id: str, *, offset: int = 0, limit: int = PAGE_SIZE) -> Pages[Replacement]:
        """Return the past replacements of a workload."""
        return self._calls.pages(
            f"/workloads/{segment(workload_id)}/history", Replacement, {}, offset=offset, limit=limit
        )

    def related(self, workload_id: str) -> list[Related]:
        """Return the objects that belong to a workload; they come in one answer without pages."""
        return self._calls.get(f"/workloads/{segment(workload_id)}/related", RelatedObjects)["data"]
