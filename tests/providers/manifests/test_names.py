from __future__ import annotations

from typing import Any

import pytest
from support.rendering import TARGET, render, server, target

import wlinfra as wl
from wlinfra_manifests.model import GatewayEntry, IngressEntry
from wlinfra_manifests.names import object_name
from wlinfra_manifests.quantities import canonical, format_amount
from wlinfra_manifests.render import render_workload


def _two_groups() -> wl.Artifact:
    def group(name: str) -> wl.ContainerGroup:
        return wl.ContainerGroup(name=name, containers=(wl.Container(image="a:1.2.3", port=8080),))

    return wl.Artifact("server", container_groups=[group("web"), group("worker")])


def test_several_groups_have_names_of_their_own() -> None:
    objects = render(_two_groups())
    assert list(objects) == ["web/Deployment", "web/Service", "worker/Deployment", "worker/Service"]
    assert [item["metadata"]["name"] for item in objects.values()] == [
        "chat-web",
        "chat-web",
        "chat-worker",
        "chat-worker",
    ]


def test_the_selector_names_workload_and_group_alone() -> None:
    spec = render(_two_groups(), tags={"team": "ml"})["web/Deployment"]["spec"]
    assert spec["selector"] == {"matchLabels": {"wlinfra.dev/workload": "chat", "wlinfra.dev/group": "web"}}
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_a_scope_comes_before_the_name() -> None:
    artifact = server()
    with wl.scope("payments"):
        workload = wl.Workload("chat", artifact=artifact)
    assert {item.name for item in render_workload(workload, artifact, TARGET).objects} == {"payments-chat"}


def test_a_name_for_the_platform_is_taken_as_it_is() -> None:
    artifact = server()
    workload = wl.Workload("chat", artifact=artifact, platform_name="assistant")
    assert {item.name for item in render_workload(workload, artifact, TARGET).objects} == {"assistant"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("chat", "chat"), ("a" * 54, "a" * 54), ("my_chat", "my-chat-"), ("Chat", "chat-"), ("1st", "w-1st-"), ("a" * 55, "a" * 45 + "-")],
)  # fmt: skip
def test_a_name_that_must_change_gets_a_hash(name: str, expected: str) -> None:
    made = object_name(name)
    assert made.startswith(expected)
    assert len(made) == len(expected) + (8 if expected.endswith("-") else 0)


@pytest.mark.parametrize(
    ("cores", "expected"),
    [(0.5, "500m"), (0.1, "100m"), (16, "16"), (1000, "1k"), (1.25, "1250m"), (0.0000000001, "1n")],
)
def test_amounts_are_spelled_as_the_server_does(cores: float, expected: str) -> None:
    assert format_amount(cores) == expected


@pytest.mark.parametrize(
    ("size", "expected"), [(8 * 10**9, "8G"), (1_500_000_000, "1500M"), (1234, "1234"), (2000, "2k")]
)
def test_bytes_are_spelled_as_the_server_does(size: int, expected: str) -> None:
    assert format_amount(size) == expected


@pytest.mark.parametrize(
    ("size", "expected"), [("200Gi", "200Gi"), ("0.5Gi", "512Mi"), ("1024Gi", "1Ti"), ("1.5Ti", "1536Gi")]
)
def test_volumes_are_spelled_as_the_server_does(size: str, expected: str) -> None:
    assert canonical(size) == expected


@pytest.mark.parametrize(
    ("options", "part", "endpoint"),
    [
        ({}, "Service", "http://chat.ai.svc.cluster.local"),
        ({"entry": IngressEntry(class_name="nginx")}, "Ingress", "http://chat.example.com"),
        ({"entry": IngressEntry(tls_secret="tls")}, "Ingress", "https://chat.example.com"),
        ({"entry": GatewayEntry(name="web", namespace="edge")}, "HTTPRoute", "https://chat.example.com"),
    ],
)
def test_the_endpoint_is_the_outermost_way_in(options: Any, part: str, endpoint: str) -> None:
    on = target(domain="example.com", **options)
    artifact = server()
    done = render_workload(wl.Workload("chat", artifact=artifact), artifact, on)
    assert (done.objects[-1].part, done.endpoint) == (part, endpoint)


def test_a_bundle_that_was_chosen_is_remembered() -> None:
    artifact = server()
    workload = wl.Workload("chat", artifact=artifact, bundles=["gpu.h100", "gpu.mig"])
    done = render_workload(workload, artifact, TARGET, chosen={"default": "gpu.mig"})
    assert done.objects[0].metadata["annotations"]["wlinfra.dev/resolved-bundle"] == "gpu.mig"
