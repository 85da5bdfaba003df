"""A stack refers to a workload that another stack runs on the same cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from support.cluster_stage import ClusterStage

if TYPE_CHECKING:
    from pathlib import Path

    from engines.kubernetes.handle import ClusterHandle

HEAD = """
import wlinfra as wl

stack = wl.Stack({stack!r})


@stack.resources
def resources(env):
"""
SHOP = """
    server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
    yield server
    yield wl.Workload("shop", artifact=server, bundles=["small"])

"""
GROUPS = """
    groups = [wl.ContainerGroup(name=n, containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)]) for n in ("web", "model")]
    server = wl.Artifact("server", container_groups=groups)
    yield server
    runtime = wl.Runtime(container_groups=[wl.GroupRuntime(name=n, bundles=["small"]) for n in ("web", "model")])
    yield wl.Workload("shop", artifact=server, runtime=runtime)

"""
NIM = """
    server = wl.Artifact("server", type="nim", containers=[wl.Container(image="nvcr.io/nim/meta/llama:1.8.3", port=8000)])
    yield server
    yield wl.Workload("shop", artifact=server, bundles=["small"])

"""
FRONT = """
    shop = wl.lookup(WHAT)
    image = wl.Container(image="ghcr.io/acme/front:1", port=8080, env={{"SHOP": f"{{shop.endpoint}}/v1"}})
    server = wl.Artifact("front", containers=[image])
    yield server
    yield wl.Workload("front", artifact=server, bundles=["small"])

"""
BUNDLES = {"small": {"cpu": 0.1, "memory": "64MB"}}
Run = Callable[..., ClusterStage]


@pytest.fixture
def run(cluster: ClusterHandle, namespace: str, tmp_path: Path) -> Run:
    """Return a function that writes the program of a stack and returns its stage."""

    def make(stack: str, body: str, **options: object) -> ClusterStage:
        stage = ClusterStage(cluster=cluster, namespace=namespace, folder=tmp_path / stack)
        text = (HEAD + body).format(stack=stack) if stack == "front" else HEAD.format(stack=stack) + body
        stage.program(text, bundles=BUNDLES, **options)
        return stage

    return make


def front(run: Run, what: str = '"workload", name="shop"') -> ClusterStage:
    return run("front", FRONT.replace("WHAT", what))


def seen_by(stage: ClusterStage) -> str:
    (container,) = stage.get("deployment", "front")["spec"]["template"]["spec"]["containers"]
    (variable,) = container["env"]
    return str(variable["value"])


def test_the_address_of_another_stacks_workload_is_known_when_planning(run: Run, namespace: str) -> None:
    run("shop", SHOP).apply()
    stage = front(run)
    assert f"http://shop.{namespace}.svc.cluster.local/v1" in stage.run("plan").out
    stage.apply()
    assert seen_by(stage) == f"http://shop.{namespace}.svc.cluster.local/v1"
    assert stage.actions() == {}


def test_an_address_from_outside_goes_before_the_one_inside(run: Run) -> None:
    entry = {"class_name": "nginx", "tls_secret": "tls"}
    run("shop", SHOP, target={"entry": entry, "domain": "example.com"}).apply("--no-wait")
    assert "https://shop.example.com/v1" in front(run).run("plan").out


def test_a_model_server_of_the_operator_has_the_operators_service(
    run: Run, fakes: ClusterHandle, namespace: str
) -> None:
    run("shop", NIM, target={"storage_class": "fake"}).apply("--no-wait")
    assert f"http://shop.{namespace}.svc.cluster.local:8000/v1" in front(run).run("plan").out


def test_one_of_several_groups_has_to_be_named(run: Run, namespace: str) -> None:
    run("shop", GROUPS).apply()
    refused = front(run).run("plan", code=1)
    assert 'wl.lookup("workload", name="shop", group="model")' in refused.err + refused.out
    named = front(run, '"workload", name="shop", group="web"').run("plan")
    assert f"http://shop-web.{namespace}.svc.cluster.local/v1" in named.out


def test_what_is_not_there_is_an_error_that_says_so(run: Run) -> None:
    refused = front(run).run("plan", code=1)
    assert "Looked-up object not found" in refused.err + refused.out


def test_what_wlinfra_did_not_make_is_looked_up_as_what_it_is(run: Run, cluster: ClusterHandle, namespace: str) -> None:
    cluster.kubectl("-n", namespace, "create", "deployment", "shop", "--image=nginx:1")
    refused = front(run).run("plan", code=1)
    assert 'wl.lookup("manifest", name="shop", api_version="apps/v1", kind="Deployment")' in refused.err + refused.out


@pytest.mark.parametrize(
    ("what", "fix"),
    [
        ('"artifact", name="server"', "stack.outputs_of"),
        ('"workload", id="4f1c"', "Name it: "),
        ('"gateway", name="shop"', 'wl.lookup("manifest"'),
    ],
)
def test_what_cannot_be_looked_up_is_refused_with_what_can(run: Run, what: str, fix: str) -> None:
    refused = front(run, what).run("plan", code=1)
    assert fix in refused.err + refused.out
