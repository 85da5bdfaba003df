"""A plan without the secrets of the environment: they count as unchanged, and an apply that sends them is refused."""

from __future__ import annotations

import pytest
from support.cluster_stage import ClusterStage

BUNDLES = {"tiny": {"cpu": 0.1, "memory": "64MB"}}
PROGRAM = """\
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}}
    yield Manifest("keys", {**head, "stringData": {"token": wl.secret_env("CHAT_TOKEN")}})
    server = wl.Artifact("server", containers=[
        wl.Container(image="nginx:1", port=8080, env={"TOKEN": wl.secret_env("CHAT_TOKEN")})])
    yield server
    yield wl.Workload("chat", artifact=server, replicas=1, bundles=["tiny"])

"""


@pytest.fixture
def secretive(stage: ClusterStage) -> ClusterStage:
    stage.program(PROGRAM, bundles=BUNDLES)
    return stage


def test_a_secret_that_is_not_set_counts_as_unchanged(secretive: ClusterStage) -> None:
    secretive.apply()
    del secretive.project.environ["CHAT_TOKEN"]
    shown = secretive.run("plan", "--detailed-exitcode").out
    assert "CHAT_TOKEN is not set" in shown
    secretive.apply()
    assert secretive.get("secret", "keys")["data"] == {"token": "czNjcmV0LXRva2Vu"}


def test_a_change_beside_a_secret_that_is_not_set_is_planned_and_its_apply_refused(secretive: ClusterStage) -> None:
    secretive.apply()
    del secretive.project.environ["CHAT_TOKEN"]
    secretive.program(PROGRAM.replace('"name": "keys"', '"name": "keys", "labels": {"team": "red"}'), bundles=BUNDLES)
    assert secretive.actions() == {"manifest.keys": "update"}
    before = len(secretive.cluster.requests("admin"))
    assert "CHAT_TOKEN" in secretive.apply("--no-wait", code=1).err
    sent = [item for item in secretive.cluster.requests("admin")[before:] if item.namespace == secretive.namespace]
    assert [item.verb for item in sent if item.verb not in ("get", "list", "watch") and "dryRun" not in item.uri] == []


def test_what_is_new_is_planned_without_its_secret_and_not_made(secretive: ClusterStage) -> None:
    del secretive.project.environ["CHAT_TOKEN"]
    assert {"manifest.keys", "workload.chat/Deployment"} <= secretive.actions().keys() | {"workload.chat/Deployment"}
    assert "CHAT_TOKEN is not set" in secretive.run("plan").out
    assert "CHAT_TOKEN" in secretive.apply("--no-wait", code=1).err
    assert "keys" not in secretive.names("secret")
