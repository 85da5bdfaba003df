"""Fields that the rendering of a workload makes and that others set: what is left to them, and which advice is true."""

from __future__ import annotations

import re

import pytest
from engines.kubernetes.handle import ClusterHandle
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage

PROGRAM = """
import wlinfra as wl

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="IMAGE", port=8080)])
    yield server
    yield wl.Workload("chat", artifact=server, bundles=["cpu.small"]MORE)

"""
BUNDLES = {"cpu.small": {"cpu": 0.5, "memory": "512MB"}}


def declare(stage: ClusterStage, *, image: str = "nginx:1", more: str = "") -> None:
    stage.program(PROGRAM.replace("IMAGE", image).replace("MORE", more), bundles=BUNDLES)


def replicas(stage: ClusterStage) -> int:
    return int(stage.get("deployment", "chat")["spec"]["replicas"])


def said(stage: ClusterStage) -> str:
    ended = stage.run("plan", code=1)
    return re.sub(r"[\s│]+", " ", ended.out + ended.err)


@pytest.fixture
def scaled(fakes: ClusterHandle, stage: ClusterStage) -> ClusterStage:
    """A workload without a declared number that an autoscaler of kubectl's has scaled to three."""
    declare(stage)
    stage.apply()
    fakes.set_usage(stage.namespace, cpu="900m")
    stage.kubectl("autoscale", "deployment", "chat", "--min=1", "--max=3", "--cpu=70%")
    assert eventually(lambda: replicas(stage) == 3, seconds=90)
    return stage


def test_a_number_that_nobody_declared_is_left_to_somebody_elses_autoscaler(scaled: ClusterStage) -> None:
    assert scaled.actions() == {}
    declare(scaled, image="nginx:2")
    with scaled.watched("chat") as seen:
        scaled.apply()
    assert seen == [3]
    assert scaled.actions() == {}


def test_a_declared_number_is_a_conflict_that_names_the_attribute(scaled: ClusterStage) -> None:
    declare(scaled, more=", replicas=2")
    assert "or leave replicas out of workload.chat: then HorizontalPodAutoscaler chat decides" in said(scaled)
    assert replicas(scaled) == 3


def test_a_rendered_path_is_not_advised_to_be_left_out(stage: ClusterStage) -> None:
    declare(stage)
    stage.apply()
    stage.kubectl("label", "deployment", "chat", "app.kubernetes.io/part-of=mine", "--overwrite")
    text = said(stage)
    assert "or leave it out" not in text
    assert "The path is rendered from workload.chat, so that it cannot be left out" in text
