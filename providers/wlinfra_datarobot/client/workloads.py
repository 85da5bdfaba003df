"""Workloads: list, create, read, change, delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wlinfra_datarobot.client.calls import PAGE_SIZE, Methods, Pages, Payload, segment
from wlinfra_datarobot.client.wire import Workload
from wlinfra_datarobot.client.wire_common import ArtifactStatus, ArtifactType, Importance, WorkloadOrder, WorkloadStatus

__all__ = ["WorkloadFilter", "Workloads"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadFilter:
    """Which workloads to list; all conditions must hold, any value of one condition suffices.

    ``search`` looks in name, description and parts of the id without regard to case: filter its results again.
    ``artifact_id`` and ``repository_id`` mean the artifact that is active now.
    """

    created_by: str | None = None
    ids: Sequence[str] = ()
    search: str | None = None
    tag_keys: Sequence[str] = ()
    tag_values: Sequence[str] = ()
    order_by: WorkloadOrder | None = None
    status: WorkloadStatus | Sequence[WorkloadStatus] | None = None
    artifact_status: ArtifactStatus | Sequence[ArtifactStatus] | None = None
    importance: Importance | Sequence[Importance] | None = None
    artifact_id: str | None = None
    repository_id: str | None = None
    type: ArtifactType | Sequence[ArtifactType] | None = None


class Workloads(Methods):
    """Workloads themselves; what runs in them has groups of its own."""

    def create(self, workload: Payload) -> Workload:
        """Create a workload and schedule it; the answer comes before it runs."""
        return self._calls.post("/workloads", Workload, workload)

    def get(self, workload_id: str) -> Workload:
        """Return one workload."""
        return self._calls.get(f"/workloads/{segment(workload_id)}", Workload, identity=workload_id)

    def update(self, workload_id: str, patch: Payload) -> Workload | None:
        """Change name, description or importance; nothing restarts."""
        return self._calls.patch(f"/workloads/{segment(workload_id)}", Workload, patch, identity=workload_id)

    def delete(self, workload_id: str) -> None:
        """Delete a workload for good; a 5xx can mean deleted with a proton left over, so look afterwards."""
        self._calls.delete(f"/workloads/{segment(workload_id)}")

    def list(
        self,
        only: WorkloadFilter | None = None,
        *,
        service_stats: bool | None = None,
        offset: int = 0,
        limit: int = PAGE_SIZE,
    ) -> Pages[Workload]:
        """Return the workloads the filter selects, with request statistics when ``service_stats`` is set."""
        return self._calls.pages(
            "/workloads",
            Workload,
            {**self._calls.filters(only), "serviceStats": service_stats},
            offset=offset,
            limit=limit,
        )
