"""Fields named by `ignore_changes`: left to whoever sets them, and never claimed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.cluster_stage import ClusterStage, container

DOTTED = ["metadata.annotations.example.com/last-run", "data.model.name"]
QUOTED = ['metadata.annotations["example.com/last-run"]', 'data["model.name"]']
STARS = ["metadata.annotations.*", "data.*"]
IMAGES = ["spec.template.spec.containers.main.image", "spec.template.spec.containers[name=main].image"]


def declare(stage: ClusterStage, ignored: list[str], flag: str = "on") -> None:
    stage.program(
        f"""\
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    meta = {{"name": "settings", "annotations": {{"example.com/last-run": "never", "team": "a"}}}}
    data = {{"config.yaml": "a: 1", "model.name": "llama", "flag": {flag!r}}}
    head = {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}}
    yield Manifest("settings", head, ignore_changes={ignored!r})

"""
    )


def theirs(stage: ClusterStage, value: str, *, force: bool = False) -> None:
    meta = {"name": "settings", "namespace": stage.namespace, "annotations": {"example.com/last-run": value}}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"model.name": value}}
    path = f"/api/v1/namespaces/{stage.namespace}/configmaps/settings"
    stage.cluster.api.apply(path, body, manager="their-controller", force=force)


def live(stage: ClusterStage) -> tuple[Any, ...]:
    found = stage.get("configmap", "settings")
    data = found["data"]
    return found["metadata"]["annotations"]["example.com/last-run"], data["model.name"], data["flag"]


@pytest.mark.parametrize("ignored", [DOTTED, QUOTED], ids=["dotted", "quoted"])
def test_what_another_manager_sets_is_no_change_and_stays_theirs(stage: ClusterStage, ignored: list[str]) -> None:
    declare(stage, ignored)
    stage.apply()
    assert live(stage) == ("never", "llama", "on")
    theirs(stage, "today", force=True)
    assert stage.actions() == {}
    declare(stage, ignored, flag="off")
    stage.apply()
    assert live(stage) == ("today", "today", "off")
    theirs(stage, "tomorrow")  # without force: nothing of theirs was claimed
    assert live(stage) == ("tomorrow", "tomorrow", "off")
    assert stage.actions() == {}


def test_a_star_covers_keys_with_dots(stage: ClusterStage) -> None:
    declare(stage, STARS)
    stage.apply()
    theirs(stage, "today", force=True)
    assert stage.actions() == {}


def test_a_path_that_leads_to_nothing_declared_is_refused(stage: ClusterStage) -> None:
    declare(stage, [*DOTTED, "metadata.annotations", "data.nosuch"])
    ended = stage.run("plan", code=1)
    text = re.sub(r"[\s│]+", " ", ended.out + ended.err)
    assert "'data.nosuch'" in text
    assert "'metadata.annotations'" not in text


@pytest.mark.parametrize("path", IMAGES)
def test_an_element_of_a_list_is_named_by_its_key(stage: ClusterStage, path: str) -> None:
    labels = {"app": "web"}
    for image in ("nginx:1", "nginx:2"):
        pod = {"metadata": {"labels": labels}, "spec": {"containers": [container(image)]}}
        spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
        stage.program(
            f"""\
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    yield Manifest("web", {body!r}, ignore_changes=[{path!r}])

"""
        )
        if image == "nginx:1":
            stage.apply()
        assert stage.actions() == {}
