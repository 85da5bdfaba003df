"""The suite that every provider passes, for an artifact and for a workload."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from support.api_client import ApiClient

from wlinfra.changes.model import Action, Step
from wlinfra.provider.base import Provider
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.container import Container
from wlinfra.resources.workload import Workload
from wlinfra.testing.contract import ProviderContract
from wlinfra.values import Secret
from wlinfra_datarobot import PROVIDER
from wlinfra_datarobot.emulator import DataRobotEmulator, Durations


class _OnEmulator(ProviderContract):
    @pytest.fixture
    def emulator(self) -> Iterator[DataRobotEmulator]:
        with DataRobotEmulator(durations=Durations.instant()) as emulator:
            yield emulator

    @pytest.fixture
    def provider(self) -> Provider:
        return PROVIDER

    @pytest.fixture
    def options(self, emulator: DataRobotEmulator) -> Mapping[str, Any]:
        return {"endpoint": emulator.url, "token": "contract", "api": "2026-10"}

    @pytest.fixture
    def requests(self, emulator: DataRobotEmulator) -> Callable[[], int]:
        return lambda: len(emulator.requests)

    @pytest.fixture
    def impossible(self) -> Step:
        payload = {"name": "", "spec": {"containerGroups": []}}
        return Step(
            operation="create_artifact", verb="POST", path="/artifacts", summary="make nothing", payload=payload
        )


def _artifact(image: str = "acme/chat:1", **attributes: Any) -> Artifact:
    secret = Secret(lambda: ProviderContract.canary, describe="a test")
    return Artifact("server", containers=[Container(image=image, port=8080, env={"TOKEN": secret})], **attributes)


class TestArtifact(_OnEmulator):
    @pytest.fixture
    def resource(self) -> Resource:
        return _artifact()

    @pytest.fixture
    def variants(self) -> Mapping[Action, Resource]:
        return {Action.UPDATE: _artifact("acme/chat:2"), Action.REPLACE: _artifact(type="agent")}

    @pytest.fixture
    def referring(self, resource: Resource) -> Resource:
        return Workload("chat", artifact=resource)


class TestWorkload(_OnEmulator):
    @pytest.fixture
    def artifact_id(self, emulator: DataRobotEmulator) -> str:
        container = {"name": "main", "imageUri": "acme/chat:1", "port": 8080}
        body = {"name": "server", "status": "locked", "spec": {"containerGroups": [{"containers": [container]}]}}
        made = ApiClient(emulator.url).ok("POST", "/artifacts", body)
        return str(made["id"])

    @pytest.fixture
    def resource(self, artifact_id: str) -> Resource:
        return Workload("chat", artifact=artifact_id, replicas=1)

    @pytest.fixture
    def variants(self, artifact_id: str) -> Mapping[Action, Resource]:
        return {
            Action.UPDATE: Workload("chat", artifact=artifact_id, replicas=1, description="a chat"),
            Action.ROLL: Workload("chat", artifact=artifact_id, replicas=2),
        }

    @pytest.fixture
    def referring(self, resource: Resource, artifact_id: str) -> Resource:
        return Workload("front", artifact=artifact_id, description=f"in front of {resource.ref('endpoint')}")
