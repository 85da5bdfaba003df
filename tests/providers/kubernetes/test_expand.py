from __future__ import annotations

from pathlib import Path
from typing import Any

from support.kubernetes_objects import config

import wlinfra as wl
from wlinfra.provider import PlatformObject, ProviderContext
from wlinfra.resources.base import Resource
from wlinfra.values import Address, Ref, Secret
from wlinfra_kubernetes import PROVIDER, Manifest, manifests_from


def objects(tmp_path: Path, *resources: Resource, **options: Any) -> dict[str, PlatformObject]:
    context = ProviderContext(
        name="default", options=options, environ={}, data_dir=tmp_path, stack="shop", environment="test"
    )
    connection = PROVIDER.connect(context)
    declared = {resource.address: resource for resource in resources}
    return {item.address: item for resource in resources for item in connection.expand(resource, declared)}


class Counted(dict[Address, Resource]):
    """What is declared, counting how often it is gone through."""

    walks = 0

    def items(self) -> Any:
        self.walks += 1
        return super().items()

    def values(self) -> Any:
        self.walks += 1
        return super().values()


def nim(name: str) -> list[Resource]:
    image = "nvcr.io/nim/meta/llama:1"
    artifact = wl.Artifact(f"{name}-a", type="nim", containers=[wl.Container(image=image, port=8000)], storage=wl.Storage(mode="nim_cache"))  # fmt: skip
    return [artifact, wl.Workload(name, artifact=artifact, replicas=1, gpu=1)]


def test_workloads_of_one_model_share_one_cache_that_names_them_all(tmp_path: Path) -> None:
    found = objects(tmp_path, *nim("one"), *nim("two"), target={"ngc_secret": "ngc"})
    caches = [item for item in found.values() if item.kind.endswith("/NIMCache")]
    services = [item for item in found.values() if item.kind.endswith("/NIMService")]
    assert len(caches) == 1
    assert all(caches[0].address in item.depends_on for item in services)
    assert len(services) == 2


def test_what_workloads_share_is_rendered_once_for_all_of_them(tmp_path: Path) -> None:
    context = ProviderContext(
        name="default",
        options={"target": {"ngc_secret": "ngc"}},
        environ={},
        data_dir=tmp_path,
        stack="shop",
        environment="test",
    )
    connection = PROVIDER.connect(context)
    resources = [resource for number in range(8) for resource in nim(f"m{number}")]
    declared = Counted({resource.address: resource for resource in resources})
    found = [item for resource in resources for item in connection.expand(resource, declared)]
    caches = [item.values["metadata"]["labels"] for item in found if item.kind.endswith("/NIMCache")]
    assert len(caches) == 8
    assert all(labels == caches[0] for labels in caches)
    assert declared.walks == 2  # one for what is shared, one for what others need


def test_everything_comes_after_the_inventory_and_bears_our_label(tmp_path: Path) -> None:
    found = objects(tmp_path, *nim("one"), target={"ngc_secret": "ngc"})
    real = [item for item in found.values() if not item.virtual]
    assert real
    assert all("inventory.default" in item.depends_on for item in real)
    assert all("applyset.kubernetes.io/part-of" in item.values["metadata"]["labels"] for item in real)


def test_a_deployment_waits_for_the_end_of_an_autoscaler_it_no_longer_has(tmp_path: Path) -> None:
    server = wl.Artifact("server", containers=[wl.Container(image="x:1", port=8080)])
    found = objects(tmp_path, server, wl.Workload("chat", artifact=server, replicas=2))
    ends_first = found["workload.chat/Deployment"].ends_first
    assert "workload.chat/HorizontalPodAutoscaler" in ends_first
    assert "workload.chat/ScaledObject" in ends_first


def test_yaml_files_become_manifests_with_references(tmp_path: Path) -> None:
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {url: '${wlinfra:workload.chat#endpoint}'}\n---\n"
    )
    (tmp_path / "all.yaml").write_text(text + text.replace("name: a", "name: b"))
    found = list(manifests_from(tmp_path))
    assert [manifest.name for manifest in found] == ["configmap-a", "configmap-b"]
    assert isinstance(found[0].manifest["data"]["url"], Ref)


def test_the_data_of_a_secret_is_hidden_however_it_is_written(tmp_path: Path) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"a": "aGk="},
        "stringData": {"b": "ho"},
    }
    (item,) = objects(tmp_path, Manifest("s", body)).values()
    data = item.values["data"]
    assert all(isinstance(value, Secret) for value in data.values())
    assert [value.reveal() for value in data.values()] == ["hi", "ho"]
    assert "stringData" not in item.values


def test_what_is_declared_is_gone_through_once_for_all_manifests(tmp_path: Path) -> None:
    context = ProviderContext(
        name="default", options={}, environ={}, data_dir=tmp_path, stack="shop", environment="test"
    )
    connection = PROVIDER.connect(context)
    resources = [config(f"c{number}", a="1") for number in range(20)]
    declared = Counted({resource.address: resource for resource in resources})
    for resource in resources:
        connection.expand(resource, declared)
    assert declared.walks == 1
