"""One declaration on a real control plane, through the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.command_line import CommandLine

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

PROGRAM = """
import wlinfra as wl

class Settings(wl.Settings):
    image: str = "ghcr.io/acme/chat:1.4.2"
    scaled: bool = False

stack = wl.Stack("assistant", settings=Settings)

@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[
        wl.Container(image=env.settings.image, port=8080, env={{"LOG": "info", "TOKEN": wl.secret_env("CHAT_TOKEN")}})])
    how = {{"autoscaling": [wl.cpu(target=70, min=2, max=4)]}} if env.settings.scaled else {{"replicas": 2}}
    chat = wl.Workload("chat", artifact=server, description="Answers people", bundles=["cpu.small"], **how)
    yield server
    yield chat
    yield wl.Output("endpoint", chat.endpoint)

stack.environment("cluster", provider="kubernetes", kubeconfig={kubeconfig!r}, namespace={namespace!r},
                  bundles={{"cpu.small": {{"cpu": 0.5, "memory": "512MB"}}}})
"""


class Stage:
    """The stack of the program in one namespace."""

    def __init__(self, cluster: ClusterHandle, namespace: str, folder: Path) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.line = CommandLine(folder=folder, environ={"CHAT_TOKEN": "s3cret-token"})
        self.line.write(PROGRAM.format(kubeconfig=str(cluster.kubeconfig), namespace=namespace))

    def apply(self, *settings: str) -> None:
        ended = self.line.run("apply", "--auto-approve", *self._set(settings))
        assert ended.code == 0, ended.out + ended.err

    def actions(self, *settings: str) -> dict[str, str]:
        """Return what a plan would do, by address."""
        ended = self.line.run("plan", "--format", "json", *self._set(settings))
        assert ended.code == 0, ended.out + ended.err
        changes = ended.json["changes"]
        return {change["address"]: change["action"] for change in changes if change["action"] not in ("no-op", "read")}

    def get(self, plural: str, name: str = "chat", api: str = "/apis/apps/v1") -> dict[str, Any]:
        found: dict[str, Any] = self.cluster.api.get(f"{api}/namespaces/{self.namespace}/{plural}/{name}")
        return found

    def exists(self, plural: str, name: str = "chat", api: str = "/apis/apps/v1") -> bool:
        return self.cluster.api.exists(f"{api}/namespaces/{self.namespace}/{plural}/{name}")

    @staticmethod
    def _set(settings: tuple[str, ...]) -> list[str]:
        return [argument for setting in settings for argument in ("--set", setting)]


@pytest.fixture
def stage(cluster: ClusterHandle, namespace: str, tmp_path: Path) -> Stage:
    return Stage(cluster, namespace, tmp_path)


def test_a_second_plan_after_an_apply_is_empty_and_destroying_leaves_nothing(stage: Stage) -> None:
    assert stage.actions()["workload.chat/Deployment"] == "create"
    stage.apply()
    assert stage.get("deployments")["status"]["availableReplicas"] == 2
    assert stage.actions() == {}
    ended = stage.line.run("destroy", "--auto-approve")
    assert ended.code == 0, ended.out + ended.err
    assert not stage.exists("deployments")
    assert not stage.exists("services", api="/api/v1")
    assert not stage.exists("configmaps", "wlinfra-assistant-cluster", api="/api/v1")


def test_a_new_image_rolls_the_same_deployment(stage: Stage) -> None:
    stage.apply()
    before = stage.get("deployments")["metadata"]["uid"]
    new = "image=ghcr.io/acme/chat:2"
    assert stage.actions(new)["workload.chat/Deployment"] == "roll"
    stage.apply(new)
    after = stage.get("deployments")
    assert after["metadata"]["uid"] == before
    assert after["spec"]["template"]["spec"]["containers"][0]["image"] == "ghcr.io/acme/chat:2"
    assert stage.actions(new) == {}


def test_replicas_pass_to_an_autoscaler_and_back_without_a_jump(stage: Stage) -> None:
    stage.apply()
    scaled = "scaled=true"
    stage.apply(scaled)
    assert stage.get("deployments")["spec"]["replicas"] == 2
    assert stage.exists("horizontalpodautoscalers", api="/apis/autoscaling/v2")
    assert stage.actions(scaled) == {}
    stage.apply()
    assert not stage.exists("horizontalpodautoscalers", api="/apis/autoscaling/v2")
    assert stage.get("deployments")["spec"]["replicas"] == 2
    assert stage.actions() == {}


def test_no_secret_stands_in_a_plan_or_in_the_state(stage: Stage) -> None:
    ended = stage.line.run("apply", "--auto-approve")
    assert "s3cret-token" not in ended.out + ended.err
    files = [file for file in stage.line.folder.rglob("*") if file.is_file() and file.name != "infra.py"]
    assert all(b"s3cret-token" not in file.read_bytes() for file in files)
