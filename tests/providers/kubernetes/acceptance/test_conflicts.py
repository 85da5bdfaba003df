"""Fields of other managers: who holds them since when, and the three ways out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from support.cluster_stage import ClusterStage

IMAGE = "spec.template.spec.containers[name=main].image"
EDIT = '[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "nginx:9"}]'


def edit(stage: ClusterStage) -> None:
    stage.kubectl("patch", "deployment", "web", "--type=json", "-p", EDIT, "--field-manager=kubectl-edit")


def image(stage: ClusterStage) -> str:
    found: str = stage.get("deployment", "web")["spec"]["template"]["spec"]["containers"][0]["image"]
    return found


def said(stage: ClusterStage) -> str:
    ended = stage.run("plan", code=1)
    return re.sub(r"[\s│]+", " ", ended.out + ended.err)


def test_an_edit_by_hand_is_named_with_path_manager_time_and_ways_out(stage: ClusterStage) -> None:
    stage.deployment()
    stage.apply()
    edit(stage)
    text = said(stage)
    assert re.search(re.escape(f"{IMAGE} is managed by kubectl-edit since ") + r"20\d\d-\d\d-\d\dT", text)
    assert f'"{IMAGE}": "force"' in text
    assert f'"{IMAGE}": "yield"' in text
    assert "leave it out of the declaration" in text
    assert image(stage) == "nginx:9"


@pytest.mark.parametrize(("policy", "left"), [("force", "nginx:1"), ("yield", "nginx:9")])
def test_an_edit_by_hand_is_taken_back_or_left(stage: ClusterStage, policy: str, left: str) -> None:
    stage.deployment()
    stage.apply()
    edit(stage)
    stage.deployment(conflicts={IMAGE: policy})
    stage.apply()
    assert image(stage) == left
    assert stage.actions() == {}


def test_replicas_of_a_scaler_are_named_as_such_and_forced_or_left_as_said(stage: ClusterStage) -> None:
    stage.deployment(replicas=2)
    stage.apply()
    stage.kubectl("scale", "deployment", "web", "--replicas=3")
    text = said(stage)
    # The API server itself notes no time for a write through the scale subresource.
    assert "spec.replicas is managed by kubectl through its scale" in text
    stage.deployment(replicas=2, conflicts={"spec.replicas": "yield"})
    assert stage.actions() == {}
    stage.deployment(replicas=2, conflicts={"spec.replicas": "force"})
    stage.apply()
    assert stage.get("deployment", "web")["spec"]["replicas"] == 2
    assert stage.actions() == {}


def test_an_object_of_another_stack_is_refused_with_its_name(stage: ClusterStage) -> None:
    stage.deployment()
    stage.apply()
    other = replace(stage, folder=stage.folder.parent / "other", stack="rival")
    other.deployment(image="nginx:2")
    assert "shop" in said(other)
    assert image(stage) == "nginx:1"
    assert stage.actions() == {}


def test_an_equal_value_of_somebody_else_is_taken_into_ownership_without_a_restart(stage: ClusterStage) -> None:
    stage.deployment()
    stage.apply()
    edit(stage)
    stage.kubectl("rollout", "status", "deployment/web", "--timeout=90s")
    before = stage.names("replicaset")
    stage.deployment(image="nginx:9")
    plan = stage.run("plan").out
    assert "take ownership" in plan
    stage.apply()
    assert stage.names("replicaset") == before
    assert stage.actions() == {}
