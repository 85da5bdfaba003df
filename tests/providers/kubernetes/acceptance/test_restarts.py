"""Pods follow the secrets and settings that they read at their start."""

from __future__ import annotations

import base64
import json

import pytest
from support.cluster_stage import ClusterStage, container

from wlinfra_manifests.secrets import SECRETS_DIGEST

BUNDLES = {"tiny": {"cpu": 0.1, "memory": "64MB"}}
WORKLOAD = """\
import wlinfra as wl

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[
        wl.Container(image={image!r}, port=8080, env={{"TOKEN": wl.secret_env("CHAT_TOKEN")}})])
    yield server
    yield wl.Workload("chat", artifact=server, replicas=2, bundles=["tiny"])

"""
RAW = """\
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    config = Manifest("config", {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "config"}}, "data": {{"mode": {mode!r}}}}})
    yield config
    yield Manifest("web", {web!r}, {options})

"""
MANAGER = "wlinfra-shop-cluster"
ROLL = {"workload.chat/Secret": "update", "workload.chat/Deployment": "roll"}


def web() -> dict[str, object]:
    labels = {"app": "web"}
    reading = container(envFrom=[{"configMapRef": {"name": "config"}}])
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [reading]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def stamp(stage: ClusterStage, name: str = "chat") -> str:
    meta = stage.get("deployment", name)["spec"]["template"]["metadata"]
    found: str = (meta.get("annotations") or {}).get(SECRETS_DIGEST, "")
    return found


def pods(stage: ClusterStage) -> set[str]:
    return stage.names("pods")


@pytest.fixture
def chat(stage: ClusterStage) -> ClusterStage:
    stage.program(WORKLOAD.format(image="nginx:1"), bundles=BUNDLES)
    stage.apply()
    return stage


def without_stamp(stage: ClusterStage) -> None:
    """Make the Deployment what a version without stamps would have made."""
    path = "/spec/template/metadata/annotations"
    patch = f'[{{"op": "remove", "path": "{path}"}}]'
    stage.kubectl("patch", "deployment", "chat", "--type=json", "-p", patch, f"--field-manager={MANAGER}")
    assert stamp(stage) == ""


def test_a_rotated_secret_rolls_the_pods_that_read_it(chat: ClusterStage) -> None:
    before, stamped = pods(chat), stamp(chat)
    chat.project.environ["CHAT_TOKEN"] = "rotated-canary"
    assert chat.actions() == ROLL
    shown = chat.run("plan").out
    assert "rolling restart" in shown
    assert "rotated-canary" not in shown
    chat.apply()
    assert stamp(chat) not in ("", stamped)
    assert not before & pods(chat)
    assert chat.actions() == {}


def test_an_object_without_a_stamp_gets_one_with_its_next_roll_alone(chat: ClusterStage) -> None:
    without_stamp(chat)
    assert chat.actions() == {}
    chat.program(WORKLOAD.format(image="nginx:2"), bundles=BUNDLES)
    assert chat.actions()["workload.chat/Deployment"] == "roll"
    chat.apply()
    assert stamp(chat)
    assert chat.actions() == {}


def test_an_object_without_a_stamp_rolls_when_its_secret_changes(chat: ClusterStage) -> None:
    without_stamp(chat)
    chat.project.environ["CHAT_TOKEN"] = "rotated"
    assert chat.actions() == ROLL
    chat.apply()
    assert stamp(chat)
    assert chat.actions() == {}


def test_a_lost_key_restarts_nothing(chat: ClusterStage) -> None:
    stamped = stamp(chat)
    chat.project.environ["WLINFRA_STATE_KEY"] = "ab" * 32
    assert "workload.chat/Deployment" not in chat.actions()
    chat.apply()
    assert stamp(chat) == stamped


def test_a_roll_interrupted_after_the_secret_is_planned_again(chat: ClusterStage) -> None:
    """The Secret has the new value already, and the pods have not."""
    chat.project.environ["CHAT_TOKEN"] = "rotated"
    data = json.dumps({"data": {"default.TOKEN": base64.b64encode(b"rotated").decode()}})
    (name,) = (name for name in chat.names("secret") if name.endswith("-env"))
    assert len(chat.get("secret", name)["data"]) == 1
    (key,) = chat.get("secret", name)["data"]
    chat.kubectl("patch", "secret", name, "-p", data.replace("default.TOKEN", key), f"--field-manager={MANAGER}")
    assert chat.actions()["workload.chat/Deployment"] == "roll"


def test_a_plan_of_a_reader_predicts_the_roll(chat: ClusterStage) -> None:
    chat.project.environ["CHAT_TOKEN"] = "rotated"
    chat.program(WORKLOAD.format(image="nginx:1"), bundles=BUNDLES, read_only=True)
    assert chat.actions() == ROLL


def test_a_setting_that_raw_pods_read_is_noted(stage: ClusterStage) -> None:
    for mode in ("a", "b"):
        stage.program(RAW.format(mode=mode, web=web(), options=""))
        if mode == "a":
            stage.apply()
    assert stage.actions() == {"manifest.config": "update"}
    shown = " ".join(stage.run("plan").out.split())
    assert "pods of manifest.web keep the old values" in shown
    assert "roll_on=[config]" in shown


def test_roll_on_that_comes_with_the_change_rolls_after_it(stage: ClusterStage) -> None:
    def program(mode: str, options: str) -> str:
        text = RAW.format(mode=mode, web=web(), options=options)
        return text.replace('Manifest("config"', 'Manifest("zconfig"')  # which sorts after what reads it

    stage.program(program("a", ""))
    stage.apply()
    stage.program(program("b", "roll_on=[config]"))
    assert stage.actions() == {"manifest.zconfig": "update", "manifest.web": "roll"}
    done = stage.apply().out
    assert done.index("manifest.zconfig: Modif") < done.index("manifest.web: Roll")
    assert stage.actions() == {}


def test_roll_on_that_came_before_the_change_rolls(stage: ClusterStage) -> None:
    stage.program(RAW.format(mode="a", web=web(), options=""))
    stage.apply()
    stage.program(RAW.format(mode="a", web=web(), options="roll_on=[config]"))
    stage.apply()
    stage.program(RAW.format(mode="b", web=web(), options="roll_on=[config]"))
    assert stage.actions()["manifest.web"] == "roll"


def test_roll_on_restarts_raw_pods(stage: ClusterStage) -> None:
    for mode in ("a", "b"):
        stage.program(RAW.format(mode=mode, web=web(), options="roll_on=[config]"))
        expected = {"a": "create", "b": "roll"}[mode]
        assert stage.actions()["manifest.web"] == expected
        assert "keep the old values" not in stage.run("plan").out
        stage.apply()
        assert stage.actions() == {}
    assert stamp(stage, "web")
