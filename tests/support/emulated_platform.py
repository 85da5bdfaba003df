"""An emulated DataRobot platform for tests: a clock moved by hand, every answer checked against the contract."""

from __future__ import annotations

from typing import Any

from support.api_client import Answer, ApiClient
from support.contract import ContractChecker
from wlinfra.emulation import ManualClock
from wlinfra_datarobot.emulator import DataRobotEmulator


class Platform:
    """An emulator, its clock and a client, with the bodies most tests send."""

    def __init__(self, dialect: str = "2026-10", **options: Any) -> None:
        self.checker = ContractChecker(dialect)
        self.clock = ManualClock()
        self.emulator = DataRobotEmulator(dialect=dialect, clock=self.clock, on_exchange=self.checker, **options)
        self.api = ApiClient(self.emulator.url)

    def artifact(self, name: str = "server", **changes: Any) -> dict[str, Any]:
        """Create a locked artifact; `image=` and `status=` are the usual changes."""
        image = changes.pop("image", "ghcr.io/acme/chat:1")
        container = {"name": "main", "imageUri": image, "port": 8080, **changes.pop("container", {})}
        body = {"name": name, "status": "locked", "spec": {"containerGroups": [{"containers": [container]}]}}
        created: dict[str, Any] = self.api.ok("POST", "/artifacts/", {**body, **changes})
        return created

    def workload(self, name: str = "chat", artifact: str | None = None, **changes: Any) -> dict[str, Any]:
        """Create a workload on an artifact, made for it when none is given."""
        artifact_id = artifact or self.artifact()["id"]
        created: dict[str, Any] = self.api.ok(
            "POST", "/workloads/", {"name": name, "artifactId": artifact_id, **changes}
        )
        return created

    def running(self, name: str = "chat", artifact: str | None = None, **changes: Any) -> dict[str, Any]:
        """Create a workload and let it start."""
        created = self.workload(name, artifact, **changes)
        self.clock.advance(10)
        return created

    def get(self, workload: dict[str, Any], rest: str = "") -> Any:
        """Read a workload, or something under it."""
        return self.api.ok("GET", f"/workloads/{workload['id']}/{rest}")

    def post(self, workload: dict[str, Any], verb: str, body: Any = None) -> Answer:
        """Call one of the verbs of a workload."""
        return self.api.call("POST", f"/workloads/{workload['id']}/{verb}", body)

    def replace(self, workload: dict[str, Any], artifact_id: str, **changes: Any) -> Answer:
        """Ask for a rolling replacement."""
        return self.post(workload, "replacement", {"artifactId": artifact_id, "strategy": "rolling", **changes})

    def settings(self, workload: dict[str, Any], **group: Any) -> Answer:
        """Change the runtime of the default group."""
        body = {"runtime": {"containerGroups": [group]}}
        return self.api.call("PATCH", f"/workloads/{workload['id']}/settings", body)
