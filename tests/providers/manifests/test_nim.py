from __future__ import annotations

from typing import Any

import pytest
from support.rendering import errors, nim, render, rendered, server, spec, target

import wlinfra as wl
from wlinfra.provider.rendering import RenderedObject, merge_shared
from wlinfra_manifests.render import render_workload

CACHED = wl.Storage(mode="nim_cache")
PLAIN = target(nim="plain")


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("nvcr.io/nim/llama:1.8.3", {"repository": "nvcr.io/nim/llama", "tag": "1.8.3"}),
        ("nvcr.io/nim/llama@sha256:ab12", {"repository": "nvcr.io/nim/llama@sha256", "tag": "ab12"}),
        ("host:5000/llama:1.8.3", {"repository": "host:5000/llama", "tag": "1.8.3"}),
    ],
)
def test_an_image_is_taken_apart(image: str, expected: Any) -> None:
    assert spec(nim(image))["image"] == expected


@pytest.mark.parametrize(
    ("container", "workload", "key", "expected"),
    [
        ({"entrypoint": ["serve"]}, {}, "command", ["serve"]),
        ({"env": {"A": "1"}}, {}, "env", [{"name": "A", "value": "1"}]),
        ({}, {"replicas": 3}, "replicas", 3),
        ({}, {"power": "stopped"}, "replicas", 0),
        ({}, {}, "expose", {"service": {"type": "ClusterIP", "port": 8000}}),
        ({}, {}, "authSecret", "ngc"),
        ({}, {}, "storage", {"pvc": {"create": False, "name": "chat-models"}}),
        ({}, {"bundles": ["gpu.h100"]}, "runtimeClassName", "nvidia"),
        ({}, {"bundles": ["gpu.h100"]}, "nodeSelector", {"pool": "gpu"}),
        (
            {}, {"gpu": 1, "memory": "8GB"}, "resources",
            {"limits": {"memory": "8G", "nvidia.com/gpu": "1"}, "requests": {"memory": "8G", "nvidia.com/gpu": "1"}},
        ),
    ],
)  # fmt: skip
def test_an_attribute_becomes_of_a_nim_service(container: Any, workload: Any, key: str, expected: Any) -> None:
    assert spec(nim(**container), **workload)[key] == expected


def test_a_probe_is_enabled_only_when_declared() -> None:
    shown = spec(nim(readiness=wl.Probe(path="/ready")))
    assert shown["readinessProbe"]["enabled"] is True
    assert shown["readinessProbe"]["probe"]["httpGet"]["port"] == 8000
    assert "livenessProbe" not in shown


def test_devices_are_claimed_through_the_operator() -> None:
    objects = render(nim(), bundles=["gpu.dra"])
    (name,) = (item["metadata"]["name"] for item in objects.values() if item["kind"] == "ResourceClaimTemplate")
    assert objects["NIMService"]["spec"]["draResources"] == [{"resourceClaimTemplateName": name}]
    assert objects["NIMService"]["spec"]["resources"] == {"requests": {"cpu": "8"}}


@pytest.mark.parametrize(("workload", "mode"), [({"replicas": 1}, "ReadWriteOnce"), ({"replicas": 2}, "ReadWriteMany")])
def test_the_volume_is_ours_and_keeps_its_data(workload: Any, mode: str) -> None:
    done = rendered(nim(storage=wl.Storage(pvc_size="1024Gi")), target(storage_class="fast"), **workload)
    volume = done.objects[0]
    assert (volume.kind, volume.name, volume.keeps_data) == ("PersistentVolumeClaim", "chat-models", True)
    assert volume.manifest["spec"] == {
        "accessModes": [mode],
        "resources": {"requests": {"storage": "1Ti"}},
        "storageClassName": "fast",
    }
    assert done.objects[1].depends_on == ("PersistentVolumeClaim",)


@pytest.mark.parametrize("runner", ["operator", "plain"])
@pytest.mark.parametrize("mode", ["dedicated_pvc", "nim_cache"])
def test_a_class_that_nobody_named_is_left_out_and_never_empty(runner: Any, mode: Any) -> None:
    done = rendered(nim(storage=wl.Storage(mode=mode)), target(storage_class="", nim=runner), replicas=1)
    text = repr([item.manifest for item in done.objects])
    assert "'accessModes'" in text or "'volumeAccessMode'" in text
    assert "'storageClassName'" not in text
    assert "'storageClass'" not in text


def test_a_cache_is_one_object_for_all_that_run_the_model() -> None:
    objects: list[RenderedObject] = []
    for name in ("a", "b"):
        artifact = nim(storage=CACHED)
        objects += render_workload(wl.Workload(name, artifact=artifact, gpu=1), artifact, target()).objects
    caches = [item for item in merge_shared(objects) if item.kind == "NIMCache"]
    assert [(item.shared, item.keeps_data) for item in caches] == [(True, True)]
    users = [label for label in caches[0].metadata["labels"] if label.startswith("user.wlinfra.dev/")]
    assert users == ["user.wlinfra.dev/a", "user.wlinfra.dev/b"]
    names = {item.manifest["spec"]["storage"]["nimCache"]["name"] for item in objects if item.kind == "NIMService"}
    assert names == {caches[0].name}


def test_another_model_has_another_cache() -> None:
    caches = [render(nim(image, storage=CACHED))["NIMCache"] for image in ("x/a:1.0.0", "x/a:1.0.1")]
    assert len({cache["metadata"]["name"] for cache in caches}) == 2
    assert caches[0]["spec"]["source"]["ngc"] == {"authSecret": "ngc", "modelPuller": "x/a:1.0.0"}


def test_without_its_operator_a_nim_is_a_deployment_with_all_the_operator_adds() -> None:
    objects = render(nim(env={"NIM_LOG_LEVEL": "DEBUG"}), PLAIN, gpu=1)
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    values = {item["name"]: item.get("value") for item in container["env"]}
    assert (values["NIM_LOG_LEVEL"], values["NIM_CACHE_PATH"], values["NIM_SERVER_PORT"]) == (
        "DEBUG",
        "/model-store",
        "8000",
    )
    assert container["startupProbe"]["failureThreshold"] == 120
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/model-store", "/dev/shm"]
    assert [volume["name"] for volume in pod["volumes"]] == ["model-store", "dshm"]
    assert objects["Deployment"]["spec"]["progressDeadlineSeconds"] == 1800
    assert list(objects) == ["PersistentVolumeClaim", "Deployment", "Service"]


def test_without_its_operator_a_cache_is_a_volume_of_all() -> None:
    (volume, *_) = rendered(nim(storage=CACHED), PLAIN).objects
    assert (volume.kind, volume.shared, volume.name[:9]) == ("PersistentVolumeClaim", True, "nimcache-")


def _sidecar(**container: Any) -> wl.Artifact:
    main = wl.Container(name="main", image="x/nim:1.0.0", port=8000, primary=True)
    return wl.Artifact(
        "llama", type="nim", containers=[main, wl.Container(name="side", image="x/side:1.0.0", **container)]
    )


def test_a_sidecar_has_image_command_and_variables() -> None:
    shown = spec(_sidecar(entrypoint=["run"], env={"A": "1"}), bundles=["gpu.h100"])
    assert shown["sidecarContainers"] == [
        {
            "name": "side",
            "image": {"repository": "x/side", "tag": "1.0.0"},
            "command": ["run"],
            "env": [{"name": "A", "value": "1"}],
        }
    ]


@pytest.mark.parametrize(
    ("artifact", "workload"),
    [
        (nim(security=wl.SecurityContext(read_only_root_filesystem=True)), {}),
        (_sidecar(liveness=wl.Probe(path="/ok", port=9000)), {"bundles": ["gpu.h100"]}),
        (_sidecar(), {"allocations": {"main": wl.Allocation(gpu=1), "side": wl.Allocation(cpu=1)}}),
    ],
)
def test_what_a_nim_service_has_no_words_for_is_refused(artifact: wl.Artifact, workload: Any) -> None:
    assert errors(rendered(artifact, **workload)) == ["No word in a NIMService"]


@pytest.mark.parametrize("image", ["nvcr.io/nim/llama", "host:5000/llama"])
def test_an_image_without_a_tag_is_refused(image: str) -> None:
    assert errors(rendered(nim(image))) == ["Image needs a tag"]


def test_a_cache_needs_a_key() -> None:
    assert errors(rendered(nim(storage=CACHED), target(ngc_secret=""))) == ["No Secret for NGC"]


def test_a_service_has_no_volume() -> None:
    assert list(render(server())) == ["Deployment", "Service"]
