"""The same program on a cluster: one workload is many objects there, and an artifact none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from engines.kubernetes.waiting import eventually
from support.pulumi_engine import ARTIFACT, WORKLOAD, Engine, chat

from wlinfra.provider.joining import Joining
from wlinfra.pulumi.bridge.bridge import CoreBridge
from wlinfra.pulumi.contract import BridgeError, Properties, Recorded, Refusal, SecretValue
from wlinfra.values import UNKNOWN
from wlinfra_kubernetes.provider import KubernetesConnection

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle


@pytest.fixture
def engine(start: Callable[..., CoreBridge], cluster: ClusterHandle, namespace: str) -> Iterator[Engine]:
    config = {"platform": "kubernetes", "kubeconfig": str(cluster.kubeconfig_of("admin")), "namespace": namespace}
    engine = Engine(start(), config, start=start)
    yield engine
    engine.bridge.close()


def server(image: str = "nginx:1", token: str = "canary") -> dict[str, Any]:
    env = {"MODE": "fast", "TOKEN": SecretValue(token)}
    return {"containers": [{"image": image, "port": 8080, "env": env}]}


def running(engine: Engine, artifact: Properties, **more: Any) -> dict[str, Any]:
    return {**chat(engine, artifact), "bundles": None, "cpu": 0.1, "memory": "256MB", **more}


def requests(engine: Engine) -> int:
    assert isinstance(engine.bridge, CoreBridge)
    joined = engine.bridge.configured.connection
    assert isinstance(joined, Joining)
    connection = joined.connection
    assert isinstance(connection, KubernetesConnection)
    return connection.platform.client.requests


def names(cluster: ClusterHandle, namespace: str, kinds: str = "apis/apps/v1", plural: str = "deployments") -> set[str]:
    items = cluster.api.get(f"/{kinds}/namespaces/{namespace}/{plural}")["items"]
    return {item["metadata"]["name"] for item in items}


def test_a_workload_lives_its_life_on_a_cluster(engine: Engine, cluster: ClusterHandle, namespace: str) -> None:
    assert engine.up(ARTIFACT, "server", server()) == "create"
    inputs = running(engine, server())
    assert engine.up(WORKLOAD, "chat", inputs) == "create"
    made = engine.recorded(WORKLOAD, "chat")
    assert made.id == f"{namespace}/chat"
    assert made.outputs["endpoint"]
    assert names(cluster, namespace) == {"chat"}
    engine.restart()
    assert engine.up(ARTIFACT, "server", server()) == "same"
    assert engine.up(WORKLOAD, "chat", inputs) == "same"
    assert requests(engine) == 0
    assert engine.up(WORKLOAD, "chat", {**inputs, "memory": 256_000_000}) == "same"

    changed = server("nginx:2")
    assert engine.up(ARTIFACT, "server", changed) == "update"
    engine.lines.clear()
    rolled = running(engine, changed)
    found = engine.diff(WORKLOAD, "chat", rolled)
    assert "artifact.containers[0].image" in {item.path for item in found.differences}
    assert engine.up(WORKLOAD, "chat", rolled) == "update"
    assert engine.recorded(WORKLOAD, "chat").id == made.id
    assert "rolling restart" in engine.lines[-1]
    assert "canary" not in "\n".join(engine.lines)

    cluster.api.merge(f"/apis/apps/v1/namespaces/{namespace}/deployments/chat", {"spec": {"replicas": 3}})
    subject = engine.subject(WORKLOAD, "chat")
    engine.restart()
    live = engine.bridge.read(subject, engine.recorded(WORKLOAD, "chat"), 0)
    assert live is not None
    assert dict(live.inputs) == {**rolled, "replicas": 3}
    engine.state[subject.urn] = Recorded(id=live.id, inputs=live.inputs, outputs=live.outputs)
    shown = engine.bridge.diff(subject, engine.state[subject.urn], rolled, ())
    assert [item.path for item in shown.differences] == ["replicas"]
    with pytest.raises(BridgeError, match="owned by others") as conflict:
        engine.up(WORKLOAD, "chat", rolled)
    assert "the provider's configuration" in str(conflict.value)
    assert "ignoreChanges" in str(conflict.value)
    engine.config = {**engine.config, "conflicts": {"spec.replicas": "force"}}
    engine.restart()
    assert [item.path for item in engine.diff(WORKLOAD, "chat", rolled).differences] == ["replicas"]
    assert engine.up(WORKLOAD, "chat", rolled) == "update"
    assert engine.up(WORKLOAD, "chat", rolled) == "same"

    engine.destroy(WORKLOAD, "chat")
    engine.destroy(ARTIFACT, "server")
    assert names(cluster, namespace) == set()
    assert names(cluster, namespace, "api/v1", "services") == set()
    assert names(cluster, namespace, "api/v1", "configmaps") == {"kube-root-ca.crt"}


@pytest.mark.parametrize("given", ["chat", "{namespace}/chat"])
def test_what_was_imported_shows_no_difference(engine: Engine, namespace: str, given: str) -> None:
    engine.up(ARTIFACT, "server", server())
    inputs = running(engine, server())
    engine.up(WORKLOAD, "chat", inputs)
    subject = engine.subject(WORKLOAD, "chat")
    made = engine.state.pop(subject.urn)
    engine.restart()
    asked = Recorded(id=given.format(namespace=namespace), inputs={}, outputs={})
    found = engine.bridge.read(subject, asked, 0)
    assert found is not None
    assert found.id == made.id
    engine.state[subject.urn] = Recorded(id=found.id, inputs=found.inputs, outputs=found.outputs)
    assert engine.up(WORKLOAD, "chat", found.inputs) == "same", engine.lines[-1]
    assert engine.up(WORKLOAD, "chat", inputs) == "same"
    assert engine.bridge.enumerate(WORKLOAD, {}, 0) == ((made.id, "chat"),)
    assert engine.bridge.read(subject, Recorded(id="nobody", inputs={}, outputs={}), 0) is None


def test_an_unknown_artifact_id_leaves_all_else_known(engine: Engine) -> None:
    inputs = {"artifact": {"id": UNKNOWN, **server()}, "replicas": 1, "cpu": 0.1, "memory": "256MB"}
    subject = engine.subject(WORKLOAD, "chat")
    assert engine.bridge.check(subject, None, inputs).failures == ()
    assert engine.bridge.preview_create(subject, inputs)["workloadId"] is UNKNOWN
    assert requests(engine) == 0


def test_two_of_one_name_are_refused_before_the_one_is_lost(
    engine: Engine, cluster: ClusterHandle, namespace: str
) -> None:
    engine.up(ARTIFACT, "server", server())
    inputs = running(engine, server())
    engine.up(WORKLOAD, "chat", inputs)
    engine.bridge.cancel(in_order=True)
    engine.restart()
    with pytest.raises(BridgeError, match="deleteBeforeReplace") as refused:
        engine.bridge.create(engine.subject(WORKLOAD, "chat"), inputs, 0)
    assert refused.value.refusal is Refusal.REFUSED
    assert names(cluster, namespace) == {"chat"}
    made = engine.recorded(WORKLOAD, "chat")
    engine.bridge.delete(engine.subject(WORKLOAD, "chat"), made, 0)
    assert engine.bridge.create(engine.subject(WORKLOAD, "chat"), inputs, 0).id == made.id


def test_a_new_stack_of_the_same_name_takes_nothing_over(
    engine: Engine, cluster: ClusterHandle, namespace: str
) -> None:
    engine.up(ARTIFACT, "server", server())
    inputs = running(engine, server())
    engine.up(WORKLOAD, "chat", inputs)
    engine.state.clear()
    engine.provider_id = "00000000-0000-0000-0000-000000000001"
    engine.restart()
    with pytest.raises(BridgeError) as refused:
        engine.bridge.create(engine.subject(WORKLOAD, "chat"), inputs, 0)
    assert refused.value.refusal is Refusal.REFUSED
    assert f"pulumi import {WORKLOAD} chat {namespace}/chat" in str(refused.value)
    assert names(cluster, namespace) == {"chat"}


def test_a_change_of_what_a_manifest_reads_rolls_its_pods(
    engine: Engine, cluster: ClusterHandle, namespace: str
) -> None:
    labels = {"app": "web"}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "nginx:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pods}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    kind = "wlinfra:kubernetes:Manifest"

    def up(text: str) -> tuple[str, str]:
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": text}}
        first = engine.up(kind, "settings", {"manifest": config, "outputs": {"mode": "data.mode"}})
        made = engine.recorded(kind, "settings").outputs
        assert made["values"] == {"name": "settings", "namespace": namespace, "mode": text}
        read = {"manifest": config, "id": made["manifestId"]}
        return first, engine.up(kind, "web/1", {"manifest": deployment, "rollOn": [read]})

    assert up("slow") == ("create", "create")
    assert names(cluster, namespace) == {"web"}
    assert up("slow") == ("same", "same")
    engine.lines.clear()
    assert up("fast") == ("update", "update")
    assert "rolling restart" in engine.lines[-1]
    assert up("fast") == ("same", "same")


def test_what_another_user_deleted_is_created_again(engine: Engine, cluster: ClusterHandle, namespace: str) -> None:
    engine.up(ARTIFACT, "server", server())
    inputs = running(engine, server())
    engine.up(WORKLOAD, "chat", inputs)
    subject = engine.subject(WORKLOAD, "chat")
    engine.bridge.cancel(in_order=True)
    engine.restart()
    cluster.api.delete(f"/apis/apps/v1/namespaces/{namespace}/deployments/chat")
    eventually(lambda: names(cluster, namespace) == set())
    assert engine.bridge.read(subject, engine.state.pop(subject.urn), 0) is None
    engine.restart()
    assert engine.up(WORKLOAD, "chat", inputs) == "create"
    assert names(cluster, namespace) == {"chat"}
    assert engine.up(WORKLOAD, "chat", inputs) == "same"
    engine.destroy(WORKLOAD, "chat")
    assert names(cluster, namespace) == set()
    assert names(cluster, namespace, "api/v1", "services") == set()
