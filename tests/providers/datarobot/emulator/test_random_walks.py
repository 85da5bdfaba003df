"""Whatever clients do in whatever order, the emulated platform stays one that could exist."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from support.emulated_platform import Platform

from wlinfra_datarobot.emulator import Quirks

IMAGES = st.sampled_from(["i:1", "i:2", "i:does-not-exist", "i:never-ready"])
VERBS = st.sampled_from(["start", "stop", "promote"])
ENDED = {"completed", "errored"}


class PlatformMachine(RuleBasedStateMachine):
    """Creates, changes, rolls, stops and deletes; every answer is held to the contract on the way."""

    artifacts = Bundle("artifacts")
    workloads = Bundle("workloads")

    def __init__(self) -> None:
        super().__init__()
        self.platform = Platform(quirks=Quirks())
        self.platform.emulator.start()

    def teardown(self) -> None:
        """Stop, which raises what broke the contract."""
        self.platform.api.close()
        self.platform.emulator.stop()

    @rule(target=artifacts, image=IMAGES, status=st.sampled_from(["draft", "locked"]))
    def create_artifact(self, image: str, status: str) -> Any:
        return self.platform.artifact(image=image, status=status)

    @rule(target=workloads, artifact=artifacts)
    def create_workload(self, artifact: Any) -> Any:
        body = {"name": "w", "artifactId": artifact["id"]}
        answer = self.platform.api.call("POST", "/workloads/", body)
        assert answer.status in {201, 404, 409}
        return answer.body if answer.status == 201 else multiple()

    @rule(seconds=st.sampled_from([0.05, 0.3, 1, 5, 40_000]))
    def wait(self, seconds: float) -> None:
        self.platform.clock.advance(seconds)

    @rule(workload=workloads, verb=VERBS)
    def command(self, workload: Any, verb: str) -> None:
        assert self.platform.post(workload, verb).status in {202, 404, 409, 422}

    @rule(workload=workloads, artifact=artifacts)
    def replace(self, workload: Any, artifact: Any) -> None:
        assert self.platform.replace(workload, artifact["id"]).status in {202, 400, 404, 409, 422}

    @rule(workload=workloads, replicas=st.integers(1, 3))
    def resize(self, workload: Any, replicas: int) -> None:
        assert self.platform.settings(workload, replicaCount=replicas).status in {202, 404, 409}

    @rule(workload=workloads)
    def cancel(self, workload: Any) -> None:
        path = f"/workloads/{workload['id']}/replacement"
        assert self.platform.api.call("DELETE", path).status in {202, 404, 422}

    @rule(workload=workloads)
    def delete_workload(self, workload: Any) -> None:
        assert self.platform.api.call("DELETE", f"/workloads/{workload['id']}").status in {204, 404}

    @rule(artifact=artifacts)
    def delete_repository(self, artifact: Any) -> None:
        path = f"/artifactRepositories/{artifact['artifactRepositoryId']}"
        assert self.platform.api.call("DELETE", path).status in {204, 404, 409}

    @invariant()
    def every_workload_is_whole(self) -> None:
        for workload in self.platform.api.ok("GET", "/workloads")["data"]:
            protons = self.platform.get(workload, "protons")["data"]
            active = [row["id"] for row in protons if row["role"] == "active"]
            assert active == [workload["protonId"]]
            assert workload["artifact"] is not None, "what a workload runs cannot have been deleted"
            for entry in self.platform.get(workload, "history")["data"]:
                assert entry["status"] in ENDED
            self.platform.get(workload, "events?limit=5")


TestRandomWalks = PlatformMachine.TestCase
TestRandomWalks.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
