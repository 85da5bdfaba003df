from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from support.kubernetes_objects import deployment

from wlinfra.provider import Action, Provider, ProviderContext, Step
from wlinfra.provider.base import Connection
from wlinfra.resources.base import Resource
from wlinfra.testing.contract import ProviderContract
from wlinfra.values import Secret
from wlinfra_kubernetes import PROVIDER, Manifest
from wlinfra_kubernetes.provider import KubernetesConnection

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle


class TestDeployment(ProviderContract):
    max_read_requests = 5

    @pytest.fixture
    def provider(self) -> Provider:
        return PROVIDER

    @pytest.fixture
    def options(self, cluster: ClusterHandle, namespace: str) -> Mapping[str, Any]:
        return {"kubeconfig": str(cluster.kubeconfig), "namespace": namespace}

    @pytest.fixture
    def requests(self, connection: Connection) -> Callable[[], int]:
        assert isinstance(connection, KubernetesConnection)
        platform = connection.platform
        return lambda: platform.client.requests

    @pytest.fixture
    def resource(self) -> Resource:
        return deployment()

    @pytest.fixture
    def variants(self) -> Mapping[Action, Resource]:
        return {
            Action.UPDATE: deployment(replicas=2),
            Action.ROLL: deployment("nginx:2"),
            Action.REPLACE: deployment(app="other"),
        }

    @pytest.fixture
    def referring(self, resource: Resource) -> Resource:
        data = {"of": f"uid {resource.ref('id')}"}
        return Manifest("note", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note"}, "data": data})

    @pytest.fixture
    def impossible(self, namespace: str) -> Step:
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace}, "spec": {"replicas": -1}}  # fmt: skip
        lookup = {"kind": "apps/v1/Deployment", "name": f"{namespace}/web"}
        return Step(operation="apply", verb="PATCH", path="/", summary="apply it", payload=body, lookup=lookup)


class TestSecret(TestDeployment):
    @pytest.fixture
    def resource(self) -> Resource:
        return self._secret(self.canary)

    @pytest.fixture
    def variants(self) -> Mapping[Action, Resource]:
        return {
            Action.UPDATE: self._secret("another"),
            Action.REPLACE: self._secret(self.canary, kind="kubernetes.io/tls"),
        }

    @pytest.fixture
    def impossible(self, namespace: str) -> Step:
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "pass", "namespace": namespace},
            "immutable": 7,
        }
        lookup = {"kind": "v1/Secret", "name": f"{namespace}/pass"}
        return Step(operation="apply", verb="PATCH", path="/", summary="apply it", payload=body, lookup=lookup)

    def _secret(self, text: str, kind: str = "Opaque") -> Manifest:
        hidden = Secret(lambda: text, describe="a test")
        data = {"tls.key": hidden, "tls.crt": "plain"}
        return Manifest(
            "pass",
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pass"}, "type": kind, "stringData": data},
        )


def test_a_connection_is_made_without_a_cluster(tmp_path: Any) -> None:
    context = ProviderContext(name="default", options={}, environ={}, data_dir=tmp_path, stack="s", environment="e")
    assert PROVIDER.connect(context)
