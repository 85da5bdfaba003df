"""What moves a workload from one version or state to another: replacement, settings, power; and its protons."""

from __future__ import annotations

from wlinfra_datarobot.client.calls import PAGE_SIZE, Methods, Pages, Payload, segment
from wlinfra_datarobot.client.wire import (
    OperationAnswer,
    Proton,
    Replacement,
    Settings,
    StatusDetails,
    Workload,
)

__all__ = ["PowerSwitch", "Protons", "Replacements", "WorkloadSettings"]


class Replacements(Methods):
    """The replacement under way of a workload."""

    def start(self, workload_id: str, replacement: Payload) -> Replacement:
        """Roll a workload to an artifact; check first that none is under way, since a second one may queue."""
        return self._calls.post(f"/workloads/{segment(workload_id)}/replacement", Replacement, replacement)

    def get(self, workload_id: str) -> Replacement:
        """Return the replacement under way; NOT_FOUND when there is none, which is also how a finished one looks."""
        return self._calls.get(f"/workloads/{segment(workload_id)}/replacement", Replacement)

    def cancel(self, workload_id: str) -> None:
        """Cancel the replacement under way."""
        self._calls.delete(f"/workloads/{segment(workload_id)}/replacement")


class WorkloadSettings(Methods):
    """The runtime settings of a workload."""

    def get(self, workload_id: str) -> Settings:
        """Return the settings."""
        return self._calls.get(f"/workloads/{segment(workload_id)}/settings", Settings)

    def update(self, workload_id: str, runtime: Payload) -> Replacement | None:
        """Change the runtime, which rolls the workload; None when the platform answers without the replacement."""
        return self._calls.patch(f"/workloads/{segment(workload_id)}/settings", Replacement, {"runtime": runtime})


class PowerSwitch(Methods):
    """Start, stop, promote."""

    def start(self, workload_id: str) -> OperationAnswer:
        """Start a stopped workload; 409 in any other state."""
        return self._calls.post(f"/workloads/{segment(workload_id)}/start", OperationAnswer)

    def stop(self, workload_id: str) -> OperationAnswer:
        """Stop a workload."""
        return self._calls.post(f"/workloads/{segment(workload_id)}/stop", OperationAnswer)

    def promote(self, workload_id: str) -> Workload:
        """Lock the draft that runs; its statistics are reset."""
        return self._calls.post(f"/workloads/{segment(workload_id)}/promote", Workload)

    def track(self, operation: OperationAnswer) -> Workload:
        """Return the workload that a start or stop is about, by its ``trackVia`` where that stays on this server."""
        path = self._calls.transport.local_path(operation.get("trackVia", ""))
        return self._calls.get(path or f"/workloads/{segment(operation['workloadId'])}", Workload)


class Protons(Methods):
    """The running versions of a workload."""

    def get(self, workload_id: str, proton_id: str) -> Proton:
        """Return one proton."""
        return self._calls.get(
            f"/workloads/{segment(workload_id)}/protons/{segment(proton_id)}", Proton, identity=proton_id
        )

    def status_details(self, workload_id: str, proton_id: str) -> StatusDetails | None:
        """Return the latest status report, None before the first one."""
        path = f"/workloads/{segment(workload_id)}/protons/{segment(proton_id)}/statusDetails"
        return self._calls.get_or_none(path, StatusDetails)

    def list(self, workload_id: str, *, offset: int = 0, limit: int = PAGE_SIZE) -> Pages[Proton]:
        """Return the protons of a workload."""
        return self._calls.pages(f"/workloads/{segment(workload_id)}/protons", Proton, {}, offset=offset, limit=limit)
